import pytest

from config.settings import LimitSettings
from jobs import backlog
from jobs.errors import NoWorker, Overloaded
from jobs.job import JobSpec, Priority
from models.family import ModelFamily
from tests.fakes.deployment_load import DeploymentLoad, Worker, queues_of
from tests.fakes.jobs import new_job

DETECTION = ModelFamily.FACE_DETECTION
HIGH, NORMAL, BULK = Priority.HIGH, Priority.NORMAL, Priority.BULK
QUEUES = {HIGH: "face-detection.high", NORMAL: "face-detection", BULK: "face-detection.bulk"}
QUEUES[Priority.LAST] = "face-detection.last"
LIMITS = LimitSettings(
    queue_length=1000, store_share=0.8, high_wait_s=2, normal_wait_s=10, bulk_wait_s=100, waiting_callers=2
)


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "monotonic", lambda: 100.0)


def job(*services: str, priority: Priority = NORMAL, deadline_s: int = 1000) -> JobSpec:
    spec = new_job(services or ("face-detector-face-fitter",), deadline_s=deadline_s).spec
    return spec.model_copy(update={"priority": priority})


def waiting(priority: Priority, seconds: float) -> DeploymentLoad:
    """A deployment with so much work in the queue of a priority."""
    worker = Worker(queues_of(DETECTION), message_s=dict.fromkeys(queues_of(DETECTION), 0.25))
    return DeploymentLoad({QUEUES[priority]: round(seconds / 0.25)}, [worker], limits=LIMITS)


@pytest.mark.parametrize("priority", Priority)
def test_each_priority_has_a_bound_of_its_own(priority: Priority) -> None:
    bound_s = {HIGH: 2, NORMAL: 10, BULK: 100, Priority.LAST: 100}[priority]
    waiting(priority, bound_s).admission.admit(job(priority=priority))
    with pytest.raises(Overloaded) as refused:
        waiting(priority, bound_s + 0.25).admission.admit(job(priority=priority))
    assert refused.value.retry_after_s == pytest.approx(bound_s + 0.25)


def test_a_few_messages_for_each_thread_may_always_wait() -> None:
    worker = Worker(queues_of(DETECTION), threads=2, message_s={QUEUES[HIGH]: 60})
    load = DeploymentLoad({QUEUES[HIGH]: 8}, [worker], limits=LIMITS)
    load.admission.admit(job(priority=HIGH))
    load.admission.count(job(priority=HIGH))
    with pytest.raises(Overloaded):
        load.admission.admit(job(priority=HIGH))


def test_less_urgent_work_never_keeps_urgent_work_out() -> None:
    load = waiting(BULK, 10**6)
    load.lengths[QUEUES[NORMAL]] = 10**6
    load.admission.admit(job(priority=HIGH))


def test_jobs_are_counted_once_they_are_created() -> None:
    load = waiting(HIGH, 0)
    for _ in range(20):
        load.admission.admit(job(priority=HIGH))
    for _ in range(9):
        load.admission.admit(job(priority=HIGH))
        load.admission.count(job(priority=HIGH))
    with pytest.raises(Overloaded):
        load.admission.admit(job(priority=HIGH))


def test_a_job_whose_deadline_would_pass_is_refused() -> None:
    load = waiting(NORMAL, 8)
    load.admission.admit(job(deadline_s=17))
    with pytest.raises(Overloaded):
        load.admission.admit(job(deadline_s=15))


def test_bulk_gives_way_first() -> None:
    load = waiting(HIGH, 1.5)
    load.admission.admit(job(priority=HIGH))
    load.admission.admit(job(priority=NORMAL))
    with pytest.raises(Overloaded, match="bulk"):
        load.admission.admit(job(priority=BULK))
    full = DeploymentLoad(share=0.6, limits=LIMITS)
    full.admission.admit(job(priority=NORMAL))
    with pytest.raises(Overloaded, match="store"):
        full.admission.admit(job(priority=BULK))


@pytest.mark.parametrize(("length", "share", "passes"), [(999, 0.79, True), (1000, 0, False), (0, 0.8, False)])
def test_the_length_of_a_queue_and_the_store_have_bounds_without_an_estimate(
    length: int, share: float, passes: bool
) -> None:
    load = DeploymentLoad({QUEUES[NORMAL]: length}, share=share, limits=LIMITS)
    if passes:
        load.admission.admit(job())
    else:
        with pytest.raises(Overloaded):
            load.admission.admit(job())


def test_room_is_noticed_when_the_reading_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "READING_KEPT_S", 0.0)
    load = waiting(NORMAL, 11)
    with pytest.raises(Overloaded):
        load.admission.admit(job())
    load.lengths[QUEUES[NORMAL]] = 3
    load.admission.admit(job())


def test_a_job_needs_a_worker_for_each_of_its_stages_whatever_its_priority() -> None:
    both = job("face-detector-face-fitter", "age-estimator", priority=HIGH)
    DeploymentLoad(workers=[Worker(queues_of(DETECTION, ModelFamily.FACE_ATTRIBUTES))]).admission.require_workers(both)
    with pytest.raises(NoWorker, match="face-attributes"):
        DeploymentLoad(workers=[Worker(queues_of(DETECTION))]).admission.require_workers(both)
