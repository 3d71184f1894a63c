"""The register of workers, on a real server whose clock the tests do not share."""

from typing import Any

import pytest

from jobs.redis import keys
from jobs.redis.clock import StoreClock
from jobs.redis.presence import PAUSE_S, SILENCE_S, Presence, WorkerReport


@pytest.fixture
def presence(redis: Any) -> Presence:
    return Presence(redis)


def report(presence: Presence, name: str, *queues: str) -> list[str]:
    return presence.report(WorkerReport(name=name, queues=list(queues or ["q"]), models=[]))


def let_pass(redis: Any, worker: str, seconds: float) -> None:
    """Make the last report of a worker older."""
    redis.zincrby(keys.LIVE_WORKERS, -seconds, worker)


def test_a_worker_that_reports_is_live(presence: Presence) -> None:
    assert report(presence, "one") == []
    assert [worker.name for worker in presence.workers()] == ["one"]
    assert presence.consumed() == {"q"}


def test_a_worker_that_starts_or_ends_is_no_consumer(presence: Presence) -> None:
    presence.report(WorkerReport(name="one", queues=[], models=[]))
    assert presence.workers() == []
    assert presence.names() == ["one"]


def test_a_silent_worker_is_gone_until_its_messages_are_back(presence: Presence, redis: Any) -> None:
    report(presence, "one")
    report(presence, "other")
    let_pass(redis, "one", SILENCE_S + 1)
    assert [worker.name for worker in presence.workers()] == ["other"]
    assert [report(presence, "other") for _ in range(3)] == [["one"]] * 3
    assert presence.names() == ["one", "other"]
    presence.forget("one")
    assert report(presence, "other") == []
    assert presence.names() == ["other"]


def test_a_worker_that_wakes_up_is_live_again(presence: Presence, redis: Any) -> None:
    report(presence, "one")
    report(presence, "other")
    let_pass(redis, "one", SILENCE_S + 1)
    assert report(presence, "other") == ["one"]
    assert report(presence, "one") == []
    assert {worker.name for worker in presence.workers()} == {"one", "other"}


def test_after_an_outage_of_the_server_all_workers_may_report_again_first(presence: Presence, redis: Any) -> None:
    for name in ("one", "other"):
        report(presence, name)
        let_pass(redis, name, 60)
    assert report(presence, "other") == []
    assert report(presence, "one") == []
    assert {worker.name for worker in presence.workers()} == {"one", "other"}
    assert float(redis.get(keys.JUDGE_WORKERS_FROM)) <= StoreClock(redis).now() + PAUSE_S


def test_a_worker_that_does_not_report_after_an_outage_is_gone(presence: Presence, redis: Any) -> None:
    report(presence, "one")
    let_pass(redis, "one", 60)
    assert report(presence, "other") == []
    redis.delete(keys.JUDGE_WORKERS_FROM)  # its time has passed
    assert report(presence, "other") == ["one"]


def test_a_worker_that_ended_leaves_nothing(presence: Presence, redis: Any) -> None:
    report(presence, "one")
    presence.leave("one")
    assert presence.names() == []
    assert report(presence, "other") == []


def test_the_clock_of_a_worker_does_not_matter(presence: Presence, redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines whose clocks differ by 20 seconds see the same workers, and the same time."""
    seen = []
    for ahead_s in (-20, 0, 20):
        monkeypatch.setattr("jobs.redis.clock.time", lambda ahead_s=ahead_s: 1_800_000_000.0 + ahead_s)
        report(presence, f"worker-{ahead_s}")
        seen.append(StoreClock(redis).now())
        assert f"worker-{ahead_s}" in {worker.name for worker in presence.workers()}
    assert max(seen) - min(seen) < 10
    assert len(presence.workers()) == 3
