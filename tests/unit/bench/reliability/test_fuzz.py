"""The fuzzing itself: a crash is found, kept and repeated. `tests/integration/test_fuzz.py` fuzzes the real thing."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.reliability.fuzz import archives, images, samples
from bench.reliability.fuzz.__main__ import main
from bench.reliability.fuzz.fuzzing import TARGETS, Fuzzing, keep, replay
from bench.reliability.fuzz.mutation import mutated
from bench.reliability.fuzz.target import Target
from models.errors import InvalidImage, InvalidRequest

CRASHES = Path(__file__).parent / "crashes"
"""Inputs that crashed a part of Faceline before it was mended; see bench/README.md, "Fuzzing"."""


def refusing_short_ones(data: bytes) -> None:
    if len(data) < 5:
        raise InvalidImage("too short")
    if b"\xff" in data:
        raise KeyError("a bug")


def test_a_crash_ends_with_the_smallest_input_that_makes_it(tmp_path: Path) -> None:
    outcome = Fuzzing(Target("images", st.binary(max_size=50), refusing_short_ones), tmp_path).run(60, 1)
    assert "KeyError: 'a bug'" in outcome.error
    assert outcome.refused > 0
    assert outcome.crash is not None
    assert sorted(Path(outcome.crash).read_bytes()) == [0, 0, 0, 0, 0xFF]
    assert [path.suffix for path in tmp_path.iterdir()] == [".bin"]


def test_refusals_are_no_crash(tmp_path: Path) -> None:
    outcome = Fuzzing(Target("images", st.binary(max_size=4), refusing_short_ones), tmp_path).run(0.5, 1)
    assert (outcome.error, outcome.crash) == ("", None)
    assert outcome.tried == outcome.refused > 0
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_makes_the_same_inputs(tmp_path: Path) -> None:
    def tried(seed: int) -> list[bytes]:
        inputs: list[bytes] = []

        def run(data: bytes) -> None:
            inputs.append(data)
            assert len(inputs) < 20, "enough"

        Fuzzing(Target("images", mutated(images.files()), run), tmp_path).run(60, seed)
        return inputs[:20]

    assert tried(1) == tried(1) != tried(2)


@pytest.mark.parametrize("name", TARGETS)
def test_a_kept_input_can_be_tried_again(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", str(keep(tmp_path, name, b"nothing"))]) == 0
    assert f"{name}-" in capsys.readouterr().out


def test_the_files_that_are_mutated_are_valid() -> None:
    for data in images.files():
        images.run(data)
    for data in archives.files():
        archives.run(data)


def test_most_samples_that_are_edited_are_requests_that_are_accepted() -> None:
    accepted = 0
    for body in samples.bodies():
        with suppress(InvalidRequest):
            samples.run(json.dumps(body).encode())
            accepted += 1
    assert accepted > len(samples.bodies()) / 3


@settings(max_examples=50)
@given(mutated([b"0123456789" * 40]))
def test_mutations_keep_most_of_a_file(data: bytes) -> None:
    assert len(data) < 100_000


@pytest.mark.parametrize("crash", sorted(CRASHES.glob("*.bin")), ids=lambda crash: crash.name)
def test_an_input_that_crashed_once_is_accepted_or_refused_now(crash: Path) -> None:
    replay(crash)
