"""The moving mean of the time for a message, on a clock that the tests set."""

from contextlib import suppress
from math import exp

import pytest

from workers import meter
from workers.meter import LATEST_SHARE, LOAD_OVER_S, WorkMeter


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


def test_the_load_is_the_mean_number_of_threads_that_worked_on_each_queue_lately(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, measured = Clock(monkeypatch), WorkMeter()
    assert measured.load() == {}
    clock.work(measured, "faceline", 2)
    for _ in range(50):
        clock.work(measured, "faceline.high", 3)
        clock.now -= 1  # two threads worked at the same time, for one second of three
        load = measured.load()
    assert load == {"faceline.high": pytest.approx(1.5, abs=0.001), "faceline": pytest.approx(0, abs=0.001)}


def test_the_load_does_not_depend_on_how_often_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, often, seldom = Clock(monkeypatch), WorkMeter(), WorkMeter()
    for _ in range(30):
        with often.message("faceline"), seldom.message("faceline"):
            clock.now += 0.1
        often.load()
    assert often.load() == {"faceline": pytest.approx(1 - exp(-3 / LOAD_OVER_S))}
    assert seldom.load() == pytest.approx(often.load())


def test_a_load_that_is_asked_for_twice_at_once_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, measured = Clock(monkeypatch), WorkMeter()
    clock.work(measured, "faceline", 2)
    assert measured.load() == measured.load()
