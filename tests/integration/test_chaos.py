"""A short form of `make chaos`: jobs come in while parts of a stack are killed. The settings are the default ones."""

from pathlib import Path

import pytest

from bench.reliability.chaos import Run
from bench.reliability.scenarios import SCENARIOS, kills
from bench.reliability.work import shipped_photos

pytestmark = pytest.mark.stack

SHORT = ("kill-workers", "kill-store", "roll")
SEED = 1
STRETCH = 0.2
KILLS = 2


@pytest.mark.timeout(600)
def test_no_photo_is_lost_doubled_or_wrong_while_parts_of_a_stack_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "LEAST_KILLS", KILLS)
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in SHORT]
    few = dict(list(shipped_photos().items())[:2])
    rows = Run(SEED, stretch=STRETCH, photos=few).rows("embedded", scenarios, tmp_path)
    assert [row.scenario.name for row in rows] == list(SHORT)
    for row in rows:
        assert row.verdict.good, row.verdict.faults
        assert row.verdict.submitted
        assert row.verdict.answered_once == row.verdict.submitted
