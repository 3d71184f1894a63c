import pytest

from config.settings import LimitSettings
from jobs import admission as limits
from jobs.admission import LoadAdmission
from jobs.errors import NoWorker, Overloaded
from jobs.job import JobSpec, Priority
from models.family import ModelFamily
from tests.fakes.jobs import new_job


class Deployment:
    """Queues with some length, a store that is so full, workers of some queues, and a count of the looks at a queue."""

    def __init__(self, length: int = 0, share: float = 0.0, consumed: frozenset[str] = frozenset()) -> None:
        self.length, self.share, self.looks = length, share, 0
        self.admission = LoadAdmission(
            LimitSettings(queue_length=10, store_share=0.8),
            self,
            self._length,
            lambda: self.share,
            lambda _: set(consumed),
        )

    def queue(self, family: ModelFamily, priority: Priority) -> str:
        return family.value if priority is Priority.NORMAL else f"{family.value}.{priority.value}"

    def _length(self, queue: str) -> int:
        self.looks += 1
        return self.length


def job(*services: str, priority: Priority = Priority.NORMAL) -> JobSpec:
    return new_job(services).spec.model_copy(update={"priority": priority})


DETECTION, BODIES = job("face-detector-face-fitter"), job("body-detector")


@pytest.mark.parametrize(("length", "share", "passes"), [(9, 0.79, True), (10, 0, False), (0, 0.8, False)])
def test_what_is_full_lets_nothing_pass(length: int, share: float, passes: bool) -> None:
    deployment = Deployment(length, share)
    if passes:
        deployment.admission.admit(DETECTION)
    else:
        with pytest.raises(Overloaded):
            deployment.admission.admit(DETECTION)


def test_a_look_is_good_for_a_while_and_for_its_queue_alone() -> None:
    deployment = Deployment()
    for _ in range(5):
        deployment.admission.admit(DETECTION)
    assert deployment.looks == 1
    deployment.admission.admit(BODIES)
    assert deployment.looks == 2


def test_room_is_noticed_when_the_look_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "READING_KEPT_S", 0.0)
    deployment = Deployment(length=10)
    with pytest.raises(Overloaded):
        deployment.admission.admit(DETECTION)
    deployment.length = 9
    deployment.admission.admit(DETECTION)


def test_a_job_needs_a_worker_for_each_of_its_stages_whatever_its_priority() -> None:
    both = job("face-detector-face-fitter", "age-estimator", priority=Priority.HIGH)
    Deployment(consumed=frozenset({"face-detection", "face-attributes"})).admission.require_workers(both)
    with pytest.raises(NoWorker, match="face-attributes"):
        Deployment(consumed=frozenset({"face-detection"})).admission.require_workers(both)
