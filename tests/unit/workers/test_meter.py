"""The moving mean of the time for a message, on a clock that the tests set."""

from contextlib import suppress

import pytest

from workers import meter
from workers.meter import LATEST_SHARE, WorkMeter


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        patch.setattr(meter, "monotonic", lambda: self.now)

    def work(self, measured: WorkMeter, queue: str, seconds: float) -> None:
        with measured.message(queue):
            self.now += seconds


def test_the_first_messages_count_equally(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, measured = Clock(monkeypatch), WorkMeter()
    assert measured.seconds() == {}
    for seconds in (1, 2, 6):
        clock.work(measured, "faceline", seconds)
    assert measured.seconds() == {"faceline": pytest.approx(3)}


def test_the_mean_follows_the_latest_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, measured = Clock(monkeypatch), WorkMeter()
    for _ in range(1000):
        clock.work(measured, "faceline", 1)
    for _ in range(round(5 / LATEST_SHARE)):
        clock.work(measured, "faceline", 3)
    assert measured.seconds() == {"faceline": pytest.approx(3, abs=0.05)}


def test_queues_are_measured_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, measured = Clock(monkeypatch), WorkMeter()
    clock.work(measured, "faceline.high", 1)
    clock.work(measured, "faceline.bulk", 9)
    assert measured.seconds() == {"faceline.high": 1, "faceline.bulk": 9}


def test_a_message_that_is_put_back_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    measured = WorkMeter()
    with suppress(OSError), measured.message("faceline"):
        raise OSError("away")
    assert measured.seconds() == {}
