"""What every batch store does: the one on Redis, on a real server, and the one in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import sleep, time
from typing import Any
from uuid import uuid4

import pytest

from config.settings import BatchSettings, JobSettings
from jobs.batches.batch import BatchSpec, BatchStatus, Refusal
from jobs.batches.service import BatchService
from jobs.batches.store import BatchStore
from jobs.errors import BatchUnknown, IdempotencyConflict, Overloaded, StillComingIn
from jobs.idempotency import RequestKey
from jobs.job import Ending, JobStatus, NewJob
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import connect
from jobs.redis.encryption import PLAIN, Encryption
from jobs.redis.jobs import RedisJobStore
from jobs.store import JobStore
from jobs.viewer import Viewer
from pipelines.chunk import Failure
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job

SETTINGS = JobSettings()
BOUNDS = BatchSettings(open_at_once=2, patience_s=1, silence_s=10)
REFUSAL = Refusal(line=2, custom_id="ü", type="invalid_sample", detail=[{"loc": ["body"], "msg": "no", "type": "x"}])


@dataclass(frozen=True)
class Stores:
    """A store of batches and the store of their jobs."""

    batches: BatchStore
    jobs: JobStore
    redis: Any = None

    @property
    def book(self) -> BatchService:
        return BatchService(self.batches, self.jobs, BOUNDS, lambda: 0.0)

    def opened(
        self,
        *,
        ttl_s: int = 60,
        deadline_s: int = 1000,
        created_at: float | None = None,
        owner: str | None = None,
    ) -> BatchSpec:
        spec = BatchSpec(
            id=str(uuid4()),
            created_at=created_at or time(),
            ttl_s=ttl_s,
            silence_s=10,
            deadline_s=deadline_s,
            owner=owner,
        )
        self.batches.create(spec)
        return spec

    def filled(self, spec: BatchSpec, *endings: Ending | None, ttl_s: int = 60) -> list[NewJob]:
        """Gives a batch a job for each ending; None for one that is not over."""
        jobs = []
        for ending in endings:
            job = new_job(images=(b"a", b"b"), ttl_s=ttl_s)
            assert self.batches.add_job(spec, job.spec.id, 2, time())
            self.jobs.create(job)
            if ending:
                self.jobs.finish(job.spec, ending, {}, time())
            jobs.append(job)
        return jobs

    def job_status(self, job: NewJob) -> JobStatus:
        found = self.jobs.find(job.spec.id)
        assert found is not None
        return found.status

    def status(self, spec: BatchSpec) -> BatchStatus:
        found = self.batches.find(spec.id)
        assert found is not None
        return found.status(time())


@pytest.fixture(params=["memory", "redis", "redis, encrypted"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        jobs = MemoryJobStore(SETTINGS)
        yield Stores(MemoryBatchStore(jobs), jobs)
        return
    client = connect(request.getfixturevalue("server_url"), patience_s=1)
    client.flushdb()
    encryption = Encryption({"a": bytes(32)}) if "encrypted" in request.param else PLAIN
    yield Stores(RedisBatchStore(client, SETTINGS, encryption), RedisJobStore(client, SETTINGS, encryption), client)
    client.close()


def opened(book: BatchService, caller: str = "", key: str | None = None) -> BatchSpec:
    spec, batch_id = book.open(60, caller, RequestKey(key, "print") if key else None)
    assert batch_id == spec.id
    return spec


def half_dead() -> Ending:
    chunk = new_job(images=(b"a", b"b")).chunk
    chunk.items[1].failed = True
    return Ending(JobStatus.SUCCEEDED, result=chunk)


def test_an_unknown_batch_is_none_and_takes_nothing_in(stores: Stores) -> None:
    spec = BatchSpec(id="no-such-batch", created_at=time(), ttl_s=60, silence_s=10, deadline_s=1000)
    assert stores.batches.find(spec.id) is None
    assert stores.batches.refusals(spec.id, 0, 10) == []
    assert not stores.batches.add_job(spec, "job", 1, time())
    assert not stores.batches.add_refusal(spec, REFUSAL, time())
    stores.batches.cancel(spec.id, time())
    assert stores.batches.find(spec.id) is None


def test_its_counts_are_those_of_its_jobs(stores: Stores) -> None:
    spec = stores.opened()
    whole = Ending(JobStatus.SUCCEEDED, result=new_job(images=(b"a", b"b")).chunk)
    stores.filled(spec, whole, half_dead(), Ending(JobStatus.FAILED), Ending(JobStatus.CANCELED), None)
    stores.batches.add_refusal(spec, REFUSAL, time())
    found = stores.batches.find(spec.id)
    assert found is not None
    assert found.spec == spec
    counts = found.counts(time())
    assert counts == (11, 3, 4, 2, 0, 2)
    assert counts.total == sum(counts[1:])


def test_its_status_follows_its_jobs(stores: Stores) -> None:
    spec = stores.opened()
    first, second = stores.filled(spec, None, None)
    assert stores.status(spec) is BatchStatus.VALIDATING
    assert stores.batches.seal(spec, time())
    assert stores.status(spec) is BatchStatus.IN_PROGRESS
    stores.jobs.claim_stage(first.spec.id, 0, "w", time())
    stores.jobs.finish(first.spec, half_dead(), {}, time())
    assert stores.status(spec) is BatchStatus.IN_PROGRESS
    stores.jobs.claim_stage(second.spec.id, 0, "w", time())
    assert stores.status(spec) is BatchStatus.FINALIZING
    stores.jobs.finish(second.spec, Ending(JobStatus.FAILED), {}, time())
    assert stores.status(spec) is BatchStatus.COMPLETED


def test_the_only_job_of_a_batch_is_progress_until_it_is_over(stores: Stores) -> None:
    spec = stores.opened()
    (job,) = stores.filled(spec, None)
    stores.batches.seal(spec, time())
    stores.jobs.claim_stage(job.spec.id, 0, "w", time())
    assert stores.status(spec) is BatchStatus.IN_PROGRESS


def test_what_is_sealed_or_canceled_takes_nothing_more_in(stores: Stores) -> None:
    sealed, canceled = stores.opened(), stores.opened()
    stores.batches.seal(sealed, time())
    stores.batches.cancel(canceled.id, time())
    for spec in (sealed, canceled):
        assert not stores.batches.add_job(spec, "job", 1, time())
        assert not stores.batches.add_refusal(spec, REFUSAL, time())
        assert not stores.batches.touch(spec, time())
        assert not stores.batches.seal(spec, time())
        found = stores.batches.find(spec.id)
        assert found is not None
        assert (list(found.jobs), found.refused) == ([], 0)


def test_a_batch_whose_intake_is_silent_has_failed_and_never_comes_back(stores: Stores) -> None:
    spec = stores.opened(created_at=time() - 8)
    assert stores.status(spec) is BatchStatus.VALIDATING
    assert stores.batches.touch(spec, time() - 1)
    silent = stores.opened(created_at=time() - 11)
    assert stores.status(silent) is BatchStatus.FAILED
    assert not stores.batches.touch(silent, time())
    assert stores.status(silent) is BatchStatus.FAILED


def test_the_jobs_of_a_failed_batch_are_erased_by_whoever_finds_it(stores: Stores) -> None:
    spec = stores.opened(created_at=time() - 11)
    job = new_job()
    assert stores.batches.add_job(spec, job.spec.id, 1, spec.created_at + 0.1)
    stores.jobs.create(job)
    stores.book.sweep()
    assert stores.jobs.find(job.spec.id) is None
    assert stores.batches.open() == []
    found = stores.book.refresh(spec.id)
    assert found is not None
    assert found.status(time()) is BatchStatus.FAILED
    assert found.counts(time()) == (1, 0, 0, 0, 1, 0)


def test_refusals_are_read_page_by_page(stores: Stores) -> None:
    spec = stores.opened()
    for line in range(5):
        stores.batches.add_refusal(spec, REFUSAL.model_copy(update={"line": line}), time())
    pages = [stores.batches.refusals(spec.id, start, 2) for start in (0, 2, 4, 6)]
    assert [[one.line for one in page] for page in pages] == [[0, 1], [2, 3], [4], []]
    assert pages[0][0].detail == REFUSAL.detail


def test_cancel_keeps_what_is_done(stores: Stores) -> None:
    spec = stores.opened()
    _, waiting, running = stores.filled(spec, half_dead(), None, None)
    stores.jobs.claim_stage(running.spec.id, 0, "w", time())
    stores.batches.seal(spec, time())
    stores.book.cancel(spec.id)
    assert stores.status(spec) is BatchStatus.CANCELING
    stores.jobs.finish(running.spec, Ending(JobStatus.CANCELED), {}, time())
    assert stores.status(spec) is BatchStatus.CANCELED
    found = stores.book.cancel(spec.id)
    assert found is not None
    assert found.counts(time()) == (6, 1, 1, 4, 0, 0)
    assert found.jobs[1].job_id == waiting.spec.id


def test_cancel_leaves_alone_what_is_over(stores: Stores) -> None:
    done, failed = stores.opened(), stores.opened(created_at=time() - 11)
    stores.filled(done, half_dead())
    stores.batches.seal(done, time())
    for spec, status in ((done, BatchStatus.COMPLETED), (failed, BatchStatus.FAILED)):
        stores.book.cancel(spec.id)
        assert stores.status(spec) is status


def test_a_batch_that_was_canceled_while_it_came_in_is_canceled(stores: Stores) -> None:
    spec = stores.opened()
    stores.filled(spec, half_dead())
    stores.book.cancel(spec.id)
    assert stores.status(spec) is BatchStatus.CANCELED


def test_results_and_refusals_expire(stores: Stores) -> None:
    spec = stores.opened(ttl_s=1)
    stores.filled(spec, half_dead(), ttl_s=1)
    stores.batches.add_refusal(spec, REFUSAL, time())
    stores.batches.seal(spec, time())
    found = stores.batches.find(spec.id)
    assert found is not None
    assert not found.results_deleted(time())
    assert found.expires_at is not None
    assert found.expires_at <= time() + 1
    sleep(1.1)
    found = stores.batches.find(spec.id)
    assert found is not None
    assert (found.status(time()), found.results_deleted(time())) == (BatchStatus.EXPIRED, True)
    assert stores.batches.refusals(spec.id, 0, 10) == []
    assert found.counts(time()) == (3, 0, 1, 0, 2, 0)


def test_what_is_not_done_when_its_time_is_up_is_given_up_and_the_rest_stays(stores: Stores) -> None:
    spec = stores.opened(deadline_s=5, created_at=time() - 4)
    done, waiting, running = stores.filled(spec, half_dead(), None, None)
    stores.jobs.claim_stage(running.spec.id, 0, "w", time())
    stores.batches.seal(spec, time())
    assert stores.status(spec) is BatchStatus.IN_PROGRESS
    sleep(1.1)
    found = stores.book.refresh(spec.id)
    assert found is not None
    assert (found.status(time()), found.counts(time())) == (BatchStatus.EXPIRED, (6, 1, 1, 0, 4, 0))
    assert found.finished_at(time()) == spec.ends_at
    assert not found.results_deleted(time())
    # One is over for good; the other one ends at its next stage, and cannot succeed any more.
    assert [stores.job_status(job) for job in (waiting, running)] == [JobStatus.CANCELED, JobStatus.RUNNING]
    stores.jobs.finish(running.spec, half_dead(), {}, time())
    found = stores.book.cancel(spec.id)
    assert found is not None
    assert (found.status(time()), found.counts(time())) == (BatchStatus.EXPIRED, (6, 1, 1, 0, 4, 0))
    assert stores.jobs.data(done.spec.id) is not None


def test_a_job_that_a_worker_found_past_the_time_of_its_batch_is_expired_and_another_has_failed(stores: Stores) -> None:
    timed_out = Ending(JobStatus.FAILED, failure=Failure(service=None, type="timed_out", message="late"))
    for deadline_s, counts in ((1, (2, 0, 0, 0, 2, 0)), (60, (2, 0, 2, 0, 0, 0))):
        spec = stores.opened(deadline_s=deadline_s, created_at=time() - 2)
        (job,) = stores.filled(spec, None)
        stores.batches.seal(spec, time())
        stores.jobs.finish(job.spec, timed_out, {}, time())
        found = stores.book.refresh(spec.id)
        assert found is not None
        assert found.counts(time()) == counts


def test_a_batch_that_was_canceled_before_its_time_was_up_stays_canceled(stores: Stores) -> None:
    spec = stores.opened(deadline_s=1)
    stores.filled(spec, half_dead(), None)
    stores.batches.seal(spec, time())
    stores.book.cancel(spec.id)
    sleep(1.1)
    found = stores.book.refresh(spec.id)
    assert found is not None
    assert (found.status(time()), found.counts(time())) == (BatchStatus.CANCELED, (4, 1, 1, 2, 0, 0))


@pytest.mark.parametrize("tombstone", [True, False])
def test_its_counts_are_exact_though_a_job_is_erased(stores: Stores, tombstone: bool) -> None:
    spec = stores.opened()
    first, second = stores.filled(spec, half_dead(), None)
    stores.batches.seal(spec, time())
    stores.jobs.erase(second.spec, tombstone=tombstone)
    found = stores.book.refresh(spec.id)
    assert found is not None
    assert (found.status(time()), found.counts(time())) == (BatchStatus.EXPIRED, (4, 1, 1, 0, 2, 0))
    stores.jobs.erase(first.spec, tombstone=tombstone)
    found = stores.book.refresh(spec.id)
    assert found is not None
    assert found.counts(time()) == (4, 0, 0, 0, 4, 0)


def test_an_erased_batch_leaves_a_tombstone_and_no_job(stores: Stores) -> None:
    spec = stores.opened()
    jobs = stores.filled(spec, half_dead(), None)
    stores.batches.add_refusal(spec, REFUSAL, time())
    stores.book.discard(spec, tombstone=True)
    assert stores.status(spec) is BatchStatus.ERASED
    assert [stores.jobs.find(job.spec.id) for job in jobs] == [None, None]
    assert stores.batches.refusals(spec.id, 0, 10) == []
    assert not stores.batches.add_job(spec, "job", 1, time())
    assert stores.batches.open() == []
    assert stores.batches.recent(10, None) == ([], None)
    if stores.redis:
        keys = set(stores.redis.keys("faceline:*")) - {b"faceline:finished"}
        assert keys == {f"faceline:batch:{spec.id}".encode()}
    stores.book.discard(spec, tombstone=False)
    assert stores.batches.find(spec.id) is None


def test_only_so_many_are_open_at_once(stores: Stores) -> None:
    first, _ = opened(stores.book), opened(stores.book)
    with pytest.raises(Overloaded):
        stores.book.open(60)
    stores.filled(first, half_dead())
    stores.batches.seal(first, time())
    again = opened(stores.book)
    assert again.id in stores.batches.open()
    assert len(stores.batches.open()) == 2


def test_only_so_many_of_one_caller_are_open_at_once(stores: Stores) -> None:
    book = replace(stores.book, settings=BatchSettings(open_at_once=9, open_per_key=2, patience_s=1, silence_s=10))
    first, _ = opened(book, "one"), opened(book, "one")
    with pytest.raises(Overloaded, match="your"):
        book.open(60, "one")
    others = [opened(book, "other"), *(opened(book) for _ in range(3))]
    assert len(stores.batches.open()) == 2 + len(others)
    stores.filled(first, half_dead())
    stores.batches.seal(first, time())
    assert opened(book, "one").id in stores.batches.open()


def test_the_same_claim_gives_the_same_batch_once_it_is_in(stores: Stores) -> None:
    first = opened(stores.book, key="key")
    with pytest.raises(StillComingIn):
        stores.book.open(60, key=RequestKey("key", "print"))
    stores.filled(first, None)
    stores.batches.seal(first, time())
    opened(stores.book)
    # It takes no place, though all are taken.
    _, batch_id = stores.book.open(60, key=RequestKey("key", "print"))
    assert batch_id == first.id
    with pytest.raises(IdempotencyConflict):
        stores.book.open(60, key=RequestKey("key", "other"))
    assert len(stores.batches.open()) == 2
    assert len(stores.batches.recent(10, None)[0]) == 2


def test_a_repeated_request_gets_its_batch_if_the_body_is_the_same(stores: Stores) -> None:
    spec = opened(stores.book, key="key")
    stores.filled(spec, None)
    stores.batches.seal(spec, time(), "digest")
    assert stores.book.repeated(spec.id, "digest").spec == spec
    with pytest.raises(IdempotencyConflict):
        stores.book.repeated(spec.id, "another")


def test_the_body_of_a_batch_that_was_canceled_while_it_came_in_is_not_compared(stores: Stores) -> None:
    spec = opened(stores.book, key="key")
    stores.book.cancel(spec.id)
    assert not stores.batches.seal(spec, time(), "digest")
    assert stores.book.repeated(spec.id, "another").status(time()) is BatchStatus.CANCELED


def test_a_claim_is_free_once_its_batch_was_erased_or_failed_or_found_no_room(stores: Stores) -> None:
    erased = opened(stores.book, key="key")
    stores.book.discard(erased, tombstone=True)
    failed = opened(stores.book, key="key")
    stores.batches.touch(failed, time() - failed.silence_s - 1)
    assert stores.status(failed) is BatchStatus.FAILED
    again = opened(stores.book, key="key")
    other = opened(stores.book)
    with pytest.raises(Overloaded):
        stores.book.open(60, key=RequestKey("full", "print"))
    stores.book.discard(other, tombstone=False)
    opened(stores.book, key="full")
    assert again.id in stores.batches.open()


def test_the_list_is_read_page_by_page_though_one_is_erased_meanwhile(stores: Stores) -> None:
    now = time()
    specs = [stores.opened(created_at=now + place) for place in range(5)]
    first, after = stores.batches.recent(2, None)
    assert first == [specs[4].id, specs[3].id]
    stores.batches.erase(specs[3], tombstone=False)
    second, after = stores.batches.recent(2, after)
    assert second == [specs[2].id, specs[1].id]
    assert stores.batches.recent(2, after) == ([specs[0].id], None)


@pytest.mark.parametrize("stores", ["redis"], indirect=True)
def test_nothing_of_a_batch_stays_for_ever(stores: Stores) -> None:
    spec = stores.opened()
    stores.filled(spec, None)
    stores.batches.add_refusal(spec, REFUSAL, time())
    lives = {kind: stores.redis.ttl(f"faceline:{kind}:{spec.id}") for kind in ("batch", "batch-jobs", "refusals")}
    assert 0 < lives["refusals"] <= spec.ttl_s
    longest = spec.deadline_s + spec.ttl_s + 3600
    assert 0 < lives["batch"] <= longest
    assert 0 < lives["batch-jobs"] <= longest


def test_the_batches_of_an_owner_are_listed_apart_and_exist_for_no_other(stores: Stores) -> None:
    mine, _, _ = stores.opened(owner="alice"), stores.opened(owner="bob"), stores.opened()
    assert stores.batches.recent(10, None, "alice")[0] == [mine.id]
    assert len(stores.batches.recent(10, None)[0]) == 3
    assert stores.book.seen_by(Viewer("alice")).find(mine.id).spec == mine
    for ask in (stores.book.seen_by(Viewer("bob")).find, stores.book.seen_by(Viewer("bob")).erase):
        with pytest.raises(BatchUnknown):
            ask(mine.id)
    stores.batches.erase(mine, tombstone=True)
    assert stores.batches.recent(10, None, "alice") == ([], None)
