"""The short form of `make fuzz`: no crash and no server error. `test_hostile_callers.py` has the slow clients."""

from pathlib import Path

import pytest

from bench.reliability.fuzz.__main__ import main
from bench.reliability.fuzz.api import fuzz_api
from bench.reliability.fuzz.fuzzing import TARGETS
from tests.integration.conftest import Deploy


def test_mutated_images_samples_archives_and_references_are_accepted_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [argument for name in TARGETS for argument in ("--part", name)]
    code = main(["--seconds", "6", "--seed", "7", "--crashes", str(tmp_path), *parts])
    assert code == 0, capsys.readouterr().out


def test_requests_made_from_the_openapi_document_meet_no_server_error_and_get_documented_answers(
    deploy: Deploy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A deployment of its own: the jobs and batches that it makes would be in the lists of other tests.
    with deploy() as own:
        assert fuzz_api(own.stack.url, 10, 7, tmp_path), capsys.readouterr().out
