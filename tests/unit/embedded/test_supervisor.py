import os
from pathlib import Path
from threading import Thread

import psutil
import pytest

from embedded.supervisor import LONGEST_PAUSE_S, Child, Supervisor

# A role that does not exist: the process writes a line and ends at once.
UNABLE = ["nothing"]


def test_the_pause_stays_at_its_longest_however_often_a_child_died() -> None:
    child = Child("worker", UNABLE, stop_s=1)
    for _ in range(5000):
        child.note_death(1)
    assert child.restart_at == 1 + LONGEST_PAUSE_S


def test_a_child_that_was_healthy_before_it_died_is_started_without_a_pause() -> None:
    child = Child("worker", UNABLE, stop_s=1, deaths=7, started_at=100)
    child.note_death(131)
    assert child.restart_at == 131


def test_a_child_whose_log_cannot_be_copied_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_thread(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with (tmp_path / "log").open("w+") as log:
        supervisor = Supervisor(os.environ, log)
        before = psutil.Process().children()
        with monkeypatch.context() as patch:
            patch.setattr(Thread, "start", no_thread)
            supervisor.start(Child("worker", UNABLE, stop_s=1))
            assert supervisor.dead() == "worker"
            assert supervisor.pids("worker") == []
            assert psutil.Process().children() == before
        supervisor.restart_dead()
        assert len(supervisor.pids("worker")) == 1
        supervisor.stop()
        log.seek(0)
        assert "worker  | could not be started: can't start new thread" in log.read()
