from collections.abc import Collection, Sequence

import pytest

from config.settings import JobSettings
from jobs.errors import StorageError
from jobs.job import Ending, JobSpec, JobStatus
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job
from workers.lost_messages import LostMessages


class World:
    """A store with some jobs that were sent, and the looks for their messages.

    Attributes:
        lost: the ids of the jobs that no queue and no worker has a message of.
        sent: the jobs that were sent again, and from which stage on.
    """

    def __init__(self, pause_s: float = 0) -> None:
        self.store = MemoryJobStore(JobSettings())
        self.specs = [new_job_in(self.store) for _ in range(3)]
        self.lost = {self.specs[1].id}
        self.sent: list[tuple[str, int]] = []
        self.messages = LostMessages(
            self.store, self._without_message, lambda spec, stage: self.sent.append((spec.id, stage)), pause_s
        )

    def _without_message(self, jobs: Sequence[str]) -> Collection[str]:
        return self.lost & set(jobs)


def new_job_in(store: MemoryJobStore, *, sent: bool = True) -> JobSpec:
    job = new_job()
    store.create(job)
    if sent:
        store.confirm_sent(job.spec.id)
    return job.spec


def test_a_job_without_a_message_is_sent_again_after_the_second_look() -> None:
    world = World()
    world.messages.look()
    assert world.sent == []
    world.messages.look_again()
    world.messages.look_again()
    assert world.sent == [(world.specs[1].id, 0)]


def test_a_job_whose_message_arrives_between_the_looks_is_not_sent_again() -> None:
    world = World()
    world.messages.look()
    world.lost.clear()
    world.messages.look_again()
    assert world.sent == []


def test_a_job_that_was_begun_or_ended_between_the_looks_is_not_sent_again() -> None:
    world = World()
    world.lost = {spec.id for spec in world.specs[:2]}
    world.messages.look()
    world.store.claim_stage(world.specs[0].id, 0, "worker", world.store.now())
    world.store.finish(world.specs[1], Ending(JobStatus.CANCELED), {}, world.store.now())
    world.messages.look_again()
    assert world.sent == []


def test_a_job_that_is_being_submitted_is_not_sent_by_a_worker() -> None:
    world = World()
    world.lost = {new_job_in(world.store, sent=False).id}
    world.messages.look()
    world.messages.look_again()
    assert world.sent == []


def test_the_second_look_waits() -> None:
    world = World(pause_s=1000)
    world.messages.look()
    world.messages.look_again()
    assert world.sent == []


def test_a_record_that_cannot_be_read_does_not_hide_the_others() -> None:
    world = World()
    world.store.unreadable.add(world.specs[0].id)
    world.lost = {spec.id for spec in world.specs}
    world.messages.look()
    world.messages.look_again()
    assert sorted(world.sent) == sorted((spec.id, 0) for spec in world.specs[1:])


def test_an_error_between_the_looks_loses_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.messages.look()
    with monkeypatch.context() as outage:
        outage.setattr(world.store, "find", _away)
        with pytest.raises(StorageError):
            world.messages.look_again()
    world.messages.look_again()
    assert world.sent == [(world.specs[1].id, 0)]


def _away(_: str) -> None:
    raise StorageError("away")
