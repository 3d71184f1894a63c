from collections.abc import Collection, Sequence
from dataclasses import replace
from time import time

import pytest

from config.settings import JobSettings
from jobs.job import Ending, Job, JobStatus
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job
from workers.reaper import Reaper

STALLED_AFTER_S = 10


class AheadStore(MemoryJobStore):
    """A store whose clock a test moves forward."""

    ahead_s = 0.0

    def now(self) -> float:
        return time() + self.ahead_s


class World:
    """A store with some jobs, and a reaper that notes what it sends.

    Attributes:
        lost: the ids of the jobs that no queue and no worker has a message of.
        asked: the ids of the jobs of each question for the lost ones.
    """

    def __init__(self, jobs: int = 1, deadline_s: int = 100) -> None:
        settings = JobSettings(stage_deadline_s=1, visibility_timeout_s=2, stalled_after_s=STALLED_AFTER_S)
        self.store = AheadStore(settings)
        self.sent: list[tuple[str, int]] = []
        self.asked: list[list[str]] = []
        self.reaper = Reaper(
            self.store, self._without_message, lambda spec, stage: self.sent.append((spec.id, stage)), STALLED_AFTER_S
        )
        made = [new_job(deadline_s=deadline_s) for _ in range(jobs)]
        self.specs = [job.spec for job in made]
        self.spec = self.specs[0]
        self.lost = {spec.id for spec in self.specs}
        for job in made:
            self.store.create(job)
            self.store.confirm_sent(job.spec.id)

    def _without_message(self, jobs: Sequence[Job]) -> Collection[str]:
        self.asked.append([job.spec.id for job in jobs])
        return self.lost

    def sweep(self, after_s: float) -> None:
        self.store.ahead_s = after_s
        self.reaper.sweep()


def test_a_job_that_makes_progress_is_left_alone() -> None:
    world = World()
    world.sweep(STALLED_AFTER_S - 1)
    assert world.sent == []


def test_a_lost_job_is_sent_again_once_per_period() -> None:
    world = World()
    world.sweep(STALLED_AFTER_S + 1)
    world.sweep(STALLED_AFTER_S + 2)
    assert world.sent == [(world.spec.id, 0)]


def test_a_lost_job_that_was_never_sent_is_deleted() -> None:
    world = World()
    unsent = new_job()
    world.store.create(unsent)
    world.lost.add(unsent.spec.id)
    world.sweep(STALLED_AFTER_S - 1)
    assert world.store.find(unsent.spec.id) is not None, "it may be sent yet"
    world.sweep(STALLED_AFTER_S + 1)
    assert world.store.find(unsent.spec.id) is None
    assert world.sent == [(world.spec.id, 0)]


def test_a_job_that_was_never_sent_but_has_a_message_stays() -> None:
    world = World()
    unsent = new_job()
    world.store.create(unsent)
    world.sweep(STALLED_AFTER_S + 1)
    assert world.store.find(unsent.spec.id) is not None


def test_a_lost_job_continues_at_the_stage_that_it_had_reached() -> None:
    world = World()
    claim = world.store.claim_stage(world.spec.id, 0, "w", world.store.now())
    assert claim.chunk is not None
    claim.chunk.done = 1
    world.store.complete_stage(world.spec, claim.chunk, {}, world.store.now(), claim.id)
    world.sweep(STALLED_AFTER_S + 1)
    assert world.sent == [(world.spec.id, 1)]


def test_a_job_that_waits_behind_others_is_never_sent_again() -> None:
    world = World(deadline_s=10**6)
    world.lost = set()
    for period in range(1, 30):
        world.sweep(period * (STALLED_AFTER_S + 1))
    assert world.sent == []
    assert len(world.asked) == 29


def test_only_the_lost_among_the_stalled_jobs_are_sent_again() -> None:
    world = World(jobs=3)
    world.lost = {world.specs[1].id}
    world.sweep(STALLED_AFTER_S + 1)
    assert world.sent == [(world.specs[1].id, 0)]
    assert [sorted(ids) for ids in world.asked] == [sorted(spec.id for spec in world.specs)]


def test_a_job_that_ends_during_the_sweep_is_not_sent_again() -> None:
    world = World()
    answer = world._without_message

    def end_meanwhile(jobs: Sequence[Job]) -> Collection[str]:
        world.store.finish(world.spec, Ending(JobStatus.SUCCEEDED), {}, world.store.now())
        return answer(jobs)

    world.reaper = replace(world.reaper, without_message=end_meanwhile)
    world.sweep(STALLED_AFTER_S + 1)
    assert world.asked == [[world.spec.id]]
    assert world.sent == []


def test_a_job_past_its_deadline_fails() -> None:
    world = World()
    world.sweep(101)
    job = world.store.find(world.spec.id)
    assert job is not None
    assert job.status is JobStatus.FAILED
    assert job.failure is not None
    assert job.failure.type == "timed_out"
    assert world.sent == []


def test_a_job_that_was_erased_is_forgotten() -> None:
    world = World()
    world.store.erase(world.spec, tombstone=True)
    world.sweep(1000)
    assert world.sent == []
    assert world.store.stalled(time() + 1000, 10) == []


def test_a_record_that_cannot_be_read_is_set_aside_and_the_jobs_after_it_are_looked_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(jobs=3)
    world.store.unreadable.add(world.spec.id)
    world.sweep(STALLED_AFTER_S + 1)
    assert world.sent == [(spec.id, 0) for spec in world.specs[1:]]
    assert world.store.set_aside_jobs == [world.spec.id]
    assert world.spec.id not in world.store.stalled(time() + 1000, 10)
    assert "its record cannot be read" in caplog.text
