import json
import subprocess
import sys
from threading import get_ident

import pytest

import workers.watchdog
from workers.in_hand import StageHeld, StagesInHand
from workers.watchdog import LONGEST_STEP_S, Watchdog


class World:
    """A process with a watchdog, whose clock a test moves."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr(workers.watchdog, "monotonic", lambda: self.now)
        self.stages = StagesInHand()
        self.ended = 0
        self.waiting: set[int] = set()
        self.watchdog = Watchdog(self.stages, limit_s=60, waits=self.waiting.__contains__, end=self._end)

    def _end(self) -> None:
        self.ended += 1

    def check_after(self, *seconds: float) -> None:
        for step_s in seconds:
            self.now += step_s
            self.watchdog.check()


def test_a_stuck_stage_ends_the_process_and_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(monkeypatch)
    with world.stages.take("a-job", 1) as stage:
        stage.began, stage.service = True, "age-estimator"
        world.check_after(*[3] * 20)
        assert not world.ended
        world.check_after(3)
    assert world.ended == 1
    (record,) = caplog.records
    assert (record.__dict__["job"], record.__dict__["service"]) == ("a-job", "age-estimator")


def test_a_stage_that_waits_for_its_turn_or_has_ended_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    for _ in range(9):
        with world.stages.take("a-job", 1) as stage:
            stage.began = True
            world.check_after(*[3] * 10)
    with world.stages.take("a-job", 1):
        world.check_after(*[3] * 100)
    assert not world.ended


def test_a_process_that_was_frozen_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    with world.stages.take("a-job", 1) as stage:
        stage.began = True
        world.check_after(3600)
        assert stage.ran_s == LONGEST_STEP_S
    assert not world.ended


def test_a_stage_that_waits_for_the_store_is_not_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    with world.stages.take("a-job", 1) as stage:
        stage.began = True
        world.check_after(*[3] * 10)
        world.waiting.add(get_ident())
        world.check_after(*[3] * 100)
        assert stage.ran_s == 30
        world.waiting.clear()
        world.check_after(*[3] * 11)
    assert world.ended == 1


def test_a_process_has_a_stage_in_hand_once() -> None:
    stages = StagesInHand()
    with stages.take("a-job", 1):
        with pytest.raises(StageHeld), stages.take("a-job", 1):
            pass
        with stages.take("a-job", 2), stages.take("another", 1):
            pass
    with stages.take("a-job", 1):
        pass


def test_the_end_shows_where_each_thread_was() -> None:
    script = (
        "from config.logs import configure_logs\nfrom workers.watchdog import end_process\n"
        "def stuck(): end_process()\nconfigure_logs('INFO', 'json', 'worker')\nstuck()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    threads = json.loads(line)["threads"]
    assert threads.startswith("MainThread:\n")
    assert "in stuck" in threads
