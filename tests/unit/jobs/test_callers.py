"""The early refusal of synchronous callers and of jobs, on queues and workers that the tests set."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from time import monotonic

import pytest

from config.settings import LimitSettings
from jobs import backlog
from jobs.callers import CallerAdmission, JobArrivals, WaitingPlaces
from jobs.errors import Overloaded, StorageError
from jobs.job import Priority
from models.family import ModelFamily
from tests.fakes.deployment_load import DeploymentLoad, Worker, queues_of

DETECTION = ModelFamily.FACE_DETECTION
NORMAL, BULK, HIGH = Priority.NORMAL, Priority.BULK, Priority.HIGH


def busy(messages: int) -> DeploymentLoad:
    """A deployment whose bound of four tenths of a second is exceeded by more than four messages."""
    worker = Worker(queues_of(DETECTION), message_s={"face-detection.high": 0.1})
    return DeploymentLoad({"face-detection.high": messages}, [worker])


def ask(load: DeploymentLoad, use: Callable[[CallerAdmission], Awaitable[None]], most: int = 1) -> None:
    async def run() -> None:
        await use(CallerAdmission(WaitingPlaces(most), load.admission, load.backlog))

    asyncio.run(run())


def test_a_caller_who_would_wait_too_long_is_refused_with_the_time_to_wait() -> None:
    ask(busy(4), lambda admission: admission.require_room(DETECTION))
    with pytest.raises(Overloaded) as refused:
        ask(busy(30), lambda admission: admission.require_room(DETECTION))
    assert refused.value.retry_after_s == pytest.approx(3, abs=0.9)


def test_no_more_callers_wait_than_may() -> None:
    async def run() -> None:
        places = WaitingPlaces(2)
        load = busy(0)
        admission = CallerAdmission(places, load.admission, load.backlog)
        with places.take():
            await admission.require_room(DETECTION)
            with places.take(), pytest.raises(Overloaded, match="2 callers"):
                await admission.require_room(DETECTION)
        await admission.require_room(DETECTION)
        assert places.taken == 0

    asyncio.run(run())


def test_callers_who_are_served_count_before_any_reading_has_them() -> None:
    async def run() -> None:
        load = busy(0)
        admission = CallerAdmission(WaitingPlaces(100), load.admission, load.backlog)
        await admission.require_room(DETECTION)
        await asyncio.to_thread(load.backlog.refresh, [DETECTION], HIGH)
        with ExitStack() as served:
            # One is worked on, and four wait.
            for _ in range(5):
                served.enter_context(admission.serving(DETECTION))
            with pytest.raises(Overloaded) as refused, admission.serving(DETECTION):
                pass
            assert refused.value.retry_after_s == pytest.approx(0.5)
            with pytest.raises(Overloaded):
                await admission.require_room(DETECTION)
        await admission.require_room(DETECTION)

    asyncio.run(run())


def test_quick_calls_one_after_the_other_are_never_refused() -> None:
    async def run() -> None:
        load = busy(0)
        admission = CallerAdmission(WaitingPlaces(100), load.admission, load.backlog)
        await asyncio.to_thread(load.backlog.refresh, [DETECTION], HIGH)
        for _ in range(50):
            with admission.serving(DETECTION):
                load.backlog.count([DETECTION], HIGH)

    asyncio.run(run())


def test_a_reading_is_renewed_beside_the_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    load = busy(0)
    load.backlog.refresh([DETECTION], HIGH)
    monkeypatch.setattr(backlog, "monotonic", lambda: monotonic() + backlog.READING_KEPT_S)

    async def until_refused(admission: CallerAdmission) -> None:
        await admission.require_room(DETECTION)
        load.lengths["face-detection.high"] = 100
        ends = monotonic() + 30
        while monotonic() < ends:
            await admission.require_room(DETECTION)
            await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        ask(load, until_refused)


def test_a_store_that_is_away_is_left_to_the_submission() -> None:
    load = busy(0)

    def away() -> list[Worker]:
        raise StorageError("away")

    load.backlog._workers = away
    ask(load, lambda admission: admission.require_room(DETECTION))
    with pytest.raises(StorageError):
        load.backlog.refresh([DETECTION], Priority.HIGH)


def arrivals(lengths: dict[str, int], *families: ModelFamily) -> tuple[DeploymentLoad, JobArrivals]:
    """A deployment in which each message takes a tenth of a second, with bounds of 1 s, and 10 s for bulk."""
    workers = [Worker(queues_of(family), message_s=dict.fromkeys(queues_of(family), 0.1)) for family in families]
    load = DeploymentLoad(lengths, workers, limits=LimitSettings(high_wait_s=1, normal_wait_s=1, bulk_wait_s=10))
    return load, JobArrivals(families, load.admission, load.backlog)


def test_a_job_that_would_wait_too_long_is_refused_with_the_time_to_wait() -> None:
    load, jobs = arrivals({"face-detection": 50}, DETECTION)
    load.backlog.refresh([DETECTION], BULK)
    with pytest.raises(Overloaded) as refused:
        jobs.require_room([NORMAL])
    assert refused.value.retry_after_s == pytest.approx(5, abs=0.9)
    jobs.require_room([NORMAL, BULK])
    jobs.require_room([NORMAL, HIGH])


def test_a_refusal_names_no_priority_that_the_job_may_not_have() -> None:
    load, jobs = arrivals({"face-detection": 50, "face-detection.high": 50}, DETECTION)
    load.backlog.refresh([DETECTION], NORMAL)
    with pytest.raises(Overloaded, match="priority normal"):
        jobs.require_room([NORMAL])
    with pytest.raises(Overloaded, match="busy: send") as refused:
        jobs.require_room([NORMAL, HIGH])
    assert refused.value.retry_after_s == pytest.approx(5, abs=0.9)


def test_a_job_is_refused_only_if_no_service_has_room() -> None:
    families = DETECTION, ModelFamily.LIVENESS
    load, jobs = arrivals({"face-detection": 80, "liveness": 10}, *families)
    load.backlog.refresh(families, NORMAL)
    jobs.require_room([NORMAL])
    load, jobs = arrivals({"face-detection": 80, "liveness": 50}, *families)
    load.backlog.refresh(families, NORMAL)
    with pytest.raises(Overloaded) as refused:
        jobs.require_room([NORMAL])
    assert refused.value.retry_after_s == pytest.approx(5, abs=0.9)


def test_without_a_reading_no_job_is_refused_and_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        jobs = arrivals({"face-detection": 10**4}, DETECTION)[1]
        jobs.require_room([NORMAL])
        await until_refused(jobs, NORMAL)
        # Nothing was read about bulk jobs.
        jobs.require_room([BULK])
        await until_refused(jobs, BULK)
        monkeypatch.setattr(backlog, "monotonic", lambda: monotonic() + 2)
        jobs.require_room([NORMAL])
        await until_refused(jobs, NORMAL)

    async def until_refused(jobs: JobArrivals, priority: Priority) -> None:
        ends = monotonic() + 30
        while monotonic() < ends:
            try:
                jobs.require_room([priority])
            except Overloaded:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the job is never refused")

    asyncio.run(run())
