from time import time

from config.settings import JobSettings
from jobs.job import JobStatus
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job
from workers.reaper import Reaper

STALLED_AFTER_S = 10


class World:
    """A store with one job, and a reaper that notes what it sends."""

    def __init__(self, waiting: int = 0, deadline_s: int = 100) -> None:
        self.store = MemoryJobStore(
            JobSettings(stage_deadline_s=1, visibility_timeout_s=2, stalled_after_s=STALLED_AFTER_S)
        )
        self.sent: list[tuple[str, int]] = []
        self.reaper = Reaper(
            self.store, lambda _spec, _stage: waiting, lambda spec, stage: self.sent.append((spec.id, stage)),
            STALLED_AFTER_S,
        )  # fmt: skip
        self.now = time()
        job = new_job(created_at=self.now, deadline_s=deadline_s)
        self.spec = job.spec
        self.store.create(job)


def test_a_job_that_makes_progress_is_left_alone() -> None:
    world = World()
    world.reaper.sweep(world.now + STALLED_AFTER_S - 1)
    assert world.sent == []


def test_a_lost_job_is_sent_again_once_per_period() -> None:
    world = World()
    world.reaper.sweep(world.now + STALLED_AFTER_S + 1)
    world.reaper.sweep(world.now + STALLED_AFTER_S + 2)
    assert world.sent == [(world.spec.id, 0)]


def test_a_lost_job_continues_at_the_stage_that_it_had_reached() -> None:
    world = World()
    claim = world.store.claim_stage(world.spec.id, 0, world.now)
    assert claim.chunk is not None
    claim.chunk.done = 1
    world.store.complete_stage(world.spec, claim.chunk, {}, world.now)
    world.reaper.sweep(world.now + STALLED_AFTER_S + 1)
    assert world.sent == [(world.spec.id, 1)]


def test_a_job_that_waits_behind_others_is_late_not_lost() -> None:
    world = World(waiting=3)
    world.reaper.sweep(world.now + STALLED_AFTER_S + 1)
    assert world.sent == []


def test_a_job_in_a_queue_that_is_never_empty_is_sent_again_in_the_end() -> None:
    world = World(waiting=3)
    for period in range(1, 4):
        assert world.sent == []
        world.reaper.sweep(world.now + period * (STALLED_AFTER_S + 1))
    assert world.sent == [(world.spec.id, 0)]


def test_a_job_that_waits_long_is_sent_again_ever_less_often() -> None:
    world = World(waiting=3, deadline_s=10**6)
    sent = []
    for period in range(1, 30):
        world.reaper.sweep(world.now + period * (STALLED_AFTER_S + 1))
        if world.sent:
            sent.append(period)
            world.sent.clear()
    assert sent == [3, 6, 12, 24]


def test_a_job_past_its_deadline_fails() -> None:
    world = World()
    world.reaper.sweep(world.now + 101)
    job = world.store.find(world.spec.id)
    assert job is not None
    assert job.status is JobStatus.FAILED
    assert job.failure is not None
    assert job.failure.type == "timed_out"
    assert world.sent == []


def test_a_job_that_was_erased_is_forgotten() -> None:
    world = World()
    world.store.erase(world.spec, tombstone=True)
    world.reaper.sweep(world.now + 1000)
    assert world.sent == []
    assert world.store.stalled(world.now + 1000, 10) == []
