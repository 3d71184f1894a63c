"""What every job store does: the one on Redis, on a real server, and the one in memory."""

from collections.abc import Iterator
from time import sleep, time

import pytest

from config.settings import JobSettings
from jobs.job import Ending, JobStatus, NewJob
from jobs.progress import ServiceProgress, ServiceStatus
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore
from jobs.store import ClaimOutcome, JobStore
from models.services.gender_estimator import Gender
from pipelines.chunk import Chunk, Failure
from pipelines.sample import SampleObject
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job

SETTINGS = JobSettings(attempts=2, stage_deadline_s=1, visibility_timeout_s=2, stalled_after_s=10)
DONE = ServiceProgress(status=ServiceStatus.SUCCEEDED, ms=1.5, worker="w", queue="q")


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobStore(SETTINGS)
        return
    client = connect(request.getfixturevalue("server_url"), retry_s=1)
    client.flushdb()
    yield RedisJobStore(client, SETTINGS)
    client.close()


def run_to_the_end(store: JobStore, job: NewJob) -> Chunk:
    claim = store.claim_stage(job.spec.id, 0, time())
    assert claim.chunk is not None
    claim.chunk.items[0].sample.objects = [SampleObject(bbox=(0, 0, 1, 1), age=0.1 + 0.2, gender=Gender("female"))]
    claim.chunk.done = 1
    store.complete_stage(job.spec, claim.chunk, {0: DONE}, time())
    claim = store.claim_stage(job.spec.id, 1, time())
    assert claim.chunk is not None
    claim.chunk.done = 2
    assert store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=claim.chunk), {1: DONE, 2: DONE}, time())
    return claim.chunk


def status_of(store: JobStore, job: NewJob) -> JobStatus:
    found = store.find(job.spec.id)
    assert found is not None
    return found.status


def test_a_new_job_is_queued_with_all_that_came_with_it(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    found, data = store.find(job.spec.id), store.data(job.spec.id)
    assert found is not None
    assert data is not None
    assert (found.spec, found.status) == (job.spec, JobStatus.QUEUED)
    assert [service.status for service in found.services] == [ServiceStatus.QUEUED] * 3
    assert (data.sent_samples, data.metadata, data.result) == ([{"note": "ü"}], {"mine": 1}, None)
    assert store.image(job.spec.blobs[0]) == b"\x00image"


def test_an_unknown_job_is_none(store: JobStore) -> None:
    assert store.find("no-such-job") is None
    assert store.data("no-such-job") is None
    assert store.image("no-such-job:0") is None
    assert store.claim_stage("no-such-job", 0, time()).outcome is ClaimOutcome.OVER


def test_a_running_job_shows_how_far_it_is(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    claim = store.claim_stage(job.spec.id, 0, time())
    assert claim.chunk is not None
    store.complete_stage(job.spec, claim.chunk.model_copy(update={"done": 1}), {0: DONE}, time())
    store.claim_stage(job.spec.id, 1, time())
    found = store.find(job.spec.id)
    assert found is not None
    assert (found.status, found.done) == (JobStatus.RUNNING, 1)
    assert found.services[0] == DONE
    assert [service.status for service in found.services[1:]] == [ServiceStatus.RUNNING, ServiceStatus.QUEUED]


def test_a_result_is_what_the_last_stage_made_to_the_last_bit(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    chunk = run_to_the_end(store, job)
    data = store.data(job.spec.id)
    assert data is not None
    assert data.result == chunk
    assert status_of(store, job) is JobStatus.SUCCEEDED


def test_the_image_is_gone_once_the_job_is_over_unless_it_is_to_be_echoed(store: JobStore) -> None:
    plain, echoing = new_job(), new_job(include_image=True)
    for job in (plain, echoing):
        store.create(job)
        run_to_the_end(store, job)
    assert store.image(plain.spec.blobs[0]) is None
    assert store.image(echoing.spec.blobs[0]) == b"\x00image"


def test_a_stage_that_ended_before_is_left_alone(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    first = store.claim_stage(job.spec.id, 0, time()).chunk
    late = store.claim_stage(job.spec.id, 0, time()).chunk
    assert first is not None
    assert late is not None
    first.done = late.done = 1
    first.items[0].sample.objects = [SampleObject(age=1)]
    late.items[0].sample.objects = [SampleObject(age=2)]
    store.complete_stage(job.spec, first, {0: DONE}, time())
    store.complete_stage(job.spec, late, {0: DONE}, time())
    assert store.claim_stage(job.spec.id, 0, time()).outcome is ClaimOutcome.DONE
    kept = store.claim_stage(job.spec.id, 1, time()).chunk
    assert kept is not None
    assert kept.items[0].sample.objects[0].age == 1


def test_only_the_first_end_counts(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, time())
    failure = Failure(service=None, type="model_error", message="no")
    assert store.finish(job.spec, Ending(JobStatus.FAILED, failure=failure), {}, time())
    assert not store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    found, data = store.find(job.spec.id), store.data(job.spec.id)
    assert found is not None
    assert data is not None
    assert (found.status, found.failure, data.result) == (JobStatus.FAILED, failure, None)


def test_a_job_that_is_over_knows_how_many_of_its_samples_have_come_to_nothing(store: JobStore) -> None:
    job = new_job(images=(b"a", b"b", b"c"))
    store.create(job)
    for item in job.chunk.items[1:]:
        item.failed = True
    store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    found = store.find(job.spec.id)
    assert found is not None
    assert found.failed_items == 2


def test_a_failed_job_shows_which_services_never_ran(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.finish(job.spec, Ending(JobStatus.FAILED), {0: DONE}, time())
    found = store.find(job.spec.id)
    assert found is not None
    assert [service.status for service in found.services] == [
        ServiceStatus.SUCCEEDED,
        ServiceStatus.SKIPPED,
        ServiceStatus.SKIPPED,
    ]


def test_a_stage_may_be_begun_only_so_often(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    verdicts = [store.claim_stage(job.spec.id, 0, time()).outcome for _ in range(3)]
    assert verdicts == [ClaimOutcome.GO, ClaimOutcome.GO, ClaimOutcome.POISONED]


def test_a_queued_job_is_canceled_at_once(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.cancel(job.spec.id, time())
    assert status_of(store, job) is JobStatus.CANCELED
    assert store.claim_stage(job.spec.id, 0, time()).outcome is ClaimOutcome.OVER
    assert store.image(job.spec.blobs[0]) is None


def test_a_running_job_is_canceled_at_its_next_stage(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, time())
    store.cancel(job.spec.id, time())
    assert status_of(store, job) is JobStatus.RUNNING
    assert store.claim_stage(job.spec.id, 1, time()).outcome is ClaimOutcome.CANCELED


def test_a_running_stage_says_how_far_it_is_and_hears_whether_it_is_wanted(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    assert not store.report_progress(job.spec, {}), "nobody has begun it"
    store.claim_stage(job.spec.id, 0, time())
    store.complete_stage(job.spec, Chunk(items=[], done=1), {0: DONE}, time())
    store.claim_stage(job.spec.id, 1, time())
    assert store.report_progress(job.spec, {1: DONE})
    found = store.find(job.spec.id)
    assert found is not None
    assert [service.status.value for service in found.services] == ["succeeded", "succeeded", "running"]
    store.cancel(job.spec.id, time())
    assert not store.report_progress(job.spec, {1: DONE})


def test_a_job_that_was_canceled_in_its_last_stage_does_not_succeed(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, time())
    store.cancel(job.spec.id, time())
    assert store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    assert status_of(store, job) is JobStatus.CANCELED
    data = store.data(job.spec.id)
    assert data is None or data.result is None


def test_a_job_that_is_over_cannot_be_canceled(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    run_to_the_end(store, job)
    store.cancel(job.spec.id, time())
    store.cancel("no-such-job", time())
    assert status_of(store, job) is JobStatus.SUCCEEDED


@pytest.mark.parametrize("when", ["queued", "running", "over"])
def test_of_an_erased_job_only_a_tombstone_is_left(store: JobStore, when: str) -> None:
    job = new_job(include_image=True)
    store.create(job)
    if when == "running":
        store.claim_stage(job.spec.id, 0, time())
    if when == "over":
        run_to_the_end(store, job)
    store.erase(job.spec, tombstone=True)
    assert status_of(store, job) is JobStatus.ERASED
    assert store.data(job.spec.id) is None
    assert store.image(job.spec.blobs[0]) is None
    assert store.claim_stage(job.spec.id, 0, time()).outcome is ClaimOutcome.OVER
    assert not store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    assert store.data(job.spec.id) is None
    assert store.recent(10, None) == ([], None)


def test_a_job_may_be_erased_without_a_trace(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.erase(job.spec, tombstone=False)
    assert store.find(job.spec.id) is None
    assert store.data(job.spec.id) is None


def test_data_are_gone_after_their_ttl_and_the_job_says_so(store: JobStore) -> None:
    job = new_job(ttl_s=1, include_image=True)
    store.create(job)
    run_to_the_end(store, job)
    sleep(1.1)
    assert status_of(store, job) is JobStatus.EXPIRED
    assert store.data(job.spec.id) is None
    assert store.image(job.spec.blobs[0]) is None


def test_recent_jobs_come_the_latest_first_in_pages(store: JobStore) -> None:
    now = time()
    jobs = [new_job(created_at=now - age) for age in range(5)]
    for job in jobs:
        store.create(job)
    page, place = store.recent(2, None)
    rest, end = store.recent(10, place)
    assert [found.spec.id for found in (*page, *rest)] == [job.spec.id for job in jobs]
    assert end is None


def test_a_part_of_a_batch_is_found_but_stands_in_no_list(store: JobStore) -> None:
    part, job = new_job(batch="b"), new_job()
    for one in (part, job):
        store.create(one)
    listed, _ = store.recent(10, None)
    assert [found.spec.id for found in listed] == [job.spec.id]
    assert status_of(store, part) is JobStatus.QUEUED
    run_to_the_end(store, part)
    assert status_of(store, part) is JobStatus.SUCCEEDED
    store.erase(part.spec, tombstone=False)
    assert store.find(part.spec.id) is None


def test_jobs_of_the_same_moment_are_listed_once_each(store: JobStore) -> None:
    now = time()
    for job in (made := [new_job(created_at=now) for _ in range(5)]):
        store.create(job)
    jobs = {job.spec.id for job in made}
    seen: list[str] = []
    page, place = store.recent(2, None)
    while place is not None:
        seen += [found.spec.id for found in page]
        page, place = store.recent(2, place)
    seen += [found.spec.id for found in page]
    assert len(seen) == 5
    assert set(seen) == jobs


def test_the_list_goes_on_past_a_job_that_was_erased(store: JobStore) -> None:
    now = time()
    jobs = [new_job(created_at=now - age) for age in range(4)]
    for job in jobs:
        store.create(job)
    _, place = store.recent(2, None)
    store.erase(jobs[1].spec, tombstone=True)
    rest, _ = store.recent(2, place)
    assert [found.spec.id for found in rest] == [job.spec.id for job in jobs[2:]]


def test_a_job_counts_as_stalled_only_without_progress(store: JobStore) -> None:
    now = time()
    job = new_job(created_at=now)
    store.create(job)
    assert store.stalled(now + 9, 10) == []
    assert store.stalled(now + 11, 10) == [job.spec.id]
    store.claim_stage(job.spec.id, 0, now + 5)
    assert store.stalled(now + 11, 10) == []
    assert store.stalled(now + 16, 10) == [job.spec.id]
    assert [store.postpone(job.spec.id, now + 100) for _ in range(2)] == [1, 2]
    assert store.stalled(now + 99, 10) == []
    store.claim_stage(job.spec.id, 0, now + 100)
    assert store.postpone(job.spec.id, now + 200) == 1
    store.forget(job.spec.id)
    store.postpone(job.spec.id, now)
    assert store.stalled(now + 999, 10) == []


def test_a_job_that_is_over_is_never_stalled(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    run_to_the_end(store, job)
    assert store.stalled(time() + 10_000, 10) == []
