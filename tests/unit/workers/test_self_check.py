from collections.abc import Mapping
from threading import Barrier, Thread

import pytest

from models.errors import ModelError
from workers import self_check
from workers.self_check import SelfCheck


class Models:
    """Counts how often they run."""

    def __init__(self, broken: bool = False) -> None:
        self.runs = 0
        self._broken = broken

    def run_each_once(self) -> Mapping[str, float]:
        self.runs += 1
        if self._broken:
            raise ModelError("it does not run")
        return {"yunet": 1.5}


def test_checks_at_the_same_time_run_each_model_once() -> None:
    models, start = Models(), Barrier(8)
    check = SelfCheck("worker", models.run_each_once)

    def ask() -> None:
        start.wait()
        check.report()

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert models.runs == 1
    assert check.report().ms == {"yunet": 1.5}


def test_an_old_outcome_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "FRESH_S", 0)
    models = Models()
    check = SelfCheck("worker", models.run_each_once)
    check.report()
    check.report()
    assert models.runs == 2


def test_a_model_that_does_not_run_is_reported() -> None:
    assert SelfCheck("worker", Models(broken=True).run_each_once).report().error == "it does not run"
