"""The estimate of the wait, on queues and workers that the tests set."""

import pytest

from jobs import backlog as backlog_module
from jobs.backlog import MOST_URGENT_SHARE, UNMEASURED_S
from jobs.job import Priority
from models.family import ModelFamily
from tests.fakes.deployment_load import DeploymentLoad, Worker, queues_of

DETECTION, LIVENESS = ModelFamily.FACE_DETECTION, ModelFamily.LIVENESS
HIGH, NORMAL, BULK = Priority.HIGH, Priority.NORMAL, Priority.BULK
MEASURED = {"face-detection.high": 0.1, "face-detection": 0.2, "face-detection.bulk": 3.0}


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_module, "monotonic", lambda: 100.0)


def wait_s(load: DeploymentLoad, priority: Priority, *families: ModelFamily) -> float:
    load.backlog.refresh(families, priority)
    return load.backlog.wait_s(families, priority)


def test_the_wait_is_the_work_ahead_shared_by_the_threads() -> None:
    worker = Worker(queues_of(DETECTION), threads=2, message_s=MEASURED)
    load = DeploymentLoad({"face-detection.high": 20, "face-detection": 10, "face-detection.bulk": 4}, [worker] * 2)
    assert wait_s(load, HIGH, DETECTION) == pytest.approx(20 * 0.1 / 4)
    assert wait_s(load, NORMAL, DETECTION) == pytest.approx((20 * 0.1 + 10 * 0.2) / 4)
    assert wait_s(load, BULK, DETECTION) == pytest.approx((20 * 0.1 + 10 * 0.2 + 4 * 3) / 4)


def test_more_urgent_work_that_keeps_coming_makes_the_wait_longer() -> None:
    lengths = {"face-detection": 10, "face-detection.bulk": 4}
    busy = {"face-detection.high": 1.0, "face-detection": 0.5}
    load = DeploymentLoad(lengths, [Worker(queues_of(DETECTION), threads=2, message_s=MEASURED, load=busy)])
    assert wait_s(load, HIGH, DETECTION) == 0
    assert wait_s(load, NORMAL, DETECTION) == pytest.approx(10 * 0.2 / 2 / (1 - 1 / 2))
    assert wait_s(load, BULK, DETECTION) == pytest.approx((10 * 0.2 + 4 * 3) / 2 / (1 - 1.5 / 2))


def test_the_share_of_more_urgent_work_is_that_of_all_workers_of_the_queue_and_has_a_bound() -> None:
    lengths = {"face-detection": 10}
    free, full = (
        Worker(queues_of(DETECTION), threads=2, message_s=MEASURED, load={"face-detection.high": threads})
        for threads in (0, 2)
    )
    assert wait_s(DeploymentLoad(lengths, [free, full]), NORMAL, DETECTION) == pytest.approx(10 * 0.2 / 4 / (1 - 2 / 4))
    estimate = wait_s(DeploymentLoad(lengths, [full]), NORMAL, DETECTION)
    assert estimate == pytest.approx(10 * 0.2 / 2 / (1 - MOST_URGENT_SHARE))


def test_the_waits_of_all_stages_are_added() -> None:
    workers = [Worker(queues_of(family), message_s={family.value: 1}) for family in (DETECTION, LIVENESS)]
    load = DeploymentLoad({"face-detection": 3, "liveness": 4}, workers)
    assert wait_s(load, NORMAL, DETECTION, LIVENESS) == pytest.approx(7)
    assert wait_s(load, NORMAL, LIVENESS) == pytest.approx(4)


def test_a_queue_that_shares_workers_delays_too() -> None:
    shared = Worker(queues_of(DETECTION, LIVENESS), message_s={"face-detection": 1, "liveness.high": 2})
    load = DeploymentLoad({"liveness.high": 5, "liveness.bulk": 100}, [shared])
    assert wait_s(load, NORMAL, DETECTION) == pytest.approx(10)


def test_a_queue_that_no_worker_has_measured_counts_as_the_others_of_its_workers() -> None:
    lengths = {"face-detection": 6}
    fresh = Worker(queues_of(DETECTION), threads=2)
    assert wait_s(DeploymentLoad(lengths, [fresh]), NORMAL, DETECTION) == pytest.approx(6 * UNMEASURED_S / 2)
    other = Worker(queues_of(DETECTION), threads=2, message_s={"face-detection.high": 0.5})
    assert wait_s(DeploymentLoad(lengths, [other]), NORMAL, DETECTION) == pytest.approx(6 * 0.5 / 2)


def test_without_a_worker_there_is_no_estimate() -> None:
    assert wait_s(DeploymentLoad({"face-detection": 9}), NORMAL, DETECTION) == 0


def test_what_this_process_sent_counts_until_the_queues_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    load = DeploymentLoad(workers=[Worker(queues_of(DETECTION), message_s=MEASURED)])
    assert wait_s(load, HIGH, DETECTION) == 0
    for _ in range(30):
        load.backlog.count([DETECTION], HIGH)
    assert wait_s(load, HIGH, DETECTION) == pytest.approx(3)
    assert load.backlog.longest([DETECTION], HIGH) == 30
    load.lengths["face-detection.high"] = 12
    monkeypatch.setattr(backlog_module, "READING_KEPT_S", 0.0)
    assert wait_s(load, HIGH, DETECTION) == pytest.approx(1.2)


def test_the_wait_shrinks_while_the_reading_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    load = DeploymentLoad({"face-detection": 5}, [Worker(queues_of(DETECTION), message_s=MEASURED)])
    assert wait_s(load, NORMAL, DETECTION) == pytest.approx(1)
    monkeypatch.setattr(backlog_module, "monotonic", lambda: 100.2)
    assert wait_s(load, NORMAL, DETECTION) == pytest.approx(0.8)
    assert load.looks["face-detection"] == 1


def test_a_reading_is_used_for_a_while_and_has_only_the_queues_that_were_asked_for() -> None:
    load = DeploymentLoad(workers=[Worker(queues_of(DETECTION, LIVENESS))])
    for _ in range(5):
        wait_s(load, HIGH, DETECTION)
    assert load.looks == {"face-detection.high": 1, "liveness.high": 1}
    wait_s(load, NORMAL, DETECTION)
    assert load.looks["face-detection"] == 1
