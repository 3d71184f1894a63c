"""`faceline bulk --url` against a deployment that asks for a key."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.api_process import administration
from tests.integration.conftest import PHOTOS, Deploy
from tests.integration.test_up import FACELINE

pytestmark = pytest.mark.stack


def bulk(url: str, out: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [*FACELINE, "bulk", str(PHOTOS), "--out", str(out), "--url", url, "--chunk", "2"]
    command += ["--services", "face-detector-face-fitter", "--limit", "4"]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=180, check=False
    )


def test_it_needs_a_key_and_owns_what_it_sends_and_waits_for_its_rate(deploy: Deploy, tmp_path: Path) -> None:
    with deploy() as running:
        key = administration(running.stack.redis_url).create("bulk", rate="2/1 second").reveal()
        without = bulk(running.stack.url, tmp_path / "without")
        assert without.returncode == 1
        assert "key" in without.stderr
        done = bulk(running.stack.url, tmp_path / "out", FACELINE_KEY=key)
        assert done.returncode == 0, done.stderr
        assert len(list((tmp_path / "out" / "parts").iterdir())) >= 1
        owners = {entry[b"owner"] for _, entry in running.redis.xrange("faceline:audit") if b"owner" in entry}
        assert owners == {b"bulk"}
        assert key not in done.stdout + done.stderr + running.log.read_text()
