"""What every job store does: the one on Redis, on a real server, and the one in memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import sleep, time

import pytest

from config.settings import JobSettings
from jobs.job import Ending, JobStatus, NewJob
from jobs.progress import ServiceProgress, ServiceStatus
from jobs.redis.connection import connect
from jobs.redis.encryption import PLAIN, Encryption
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence, WorkerReport
from jobs.store import ClaimOutcome, JobStore
from jobs.terms import Created
from jobs.webhooks.webhook import Delivery, DeliveryStatus, Webhook
from models.services.gender_estimator import Gender
from pipelines.chunk import Chunk, Failure
from pipelines.sample import SampleObject
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job

SETTINGS = JobSettings(attempts=2, stage_deadline_s=1, visibility_timeout_s=2, stalled_after_s=10)
DONE = ServiceProgress(status=ServiceStatus.SUCCEEDED, ms=1.5, worker="w", queue="q")


Live = Callable[[str], object]
"""Makes a worker live, by its name."""


@pytest.fixture(params=["memory", "redis", "redis, encrypted"])
def store(request: pytest.FixtureRequest) -> Iterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobStore(SETTINGS)
        return
    client = connect(request.getfixturevalue("server_url"), patience_s=1)
    client.flushdb()
    yield RedisJobStore(client, SETTINGS, Encryption({"a": bytes(32)}) if "encrypted" in request.param else PLAIN)
    client.close()


@pytest.fixture
def live(store: JobStore, request: pytest.FixtureRequest) -> Live:
    if isinstance(store, MemoryJobStore):
        return store.live_workers.add
    presence = Presence(connect(request.getfixturevalue("server_url"), patience_s=1))
    return lambda name: presence.report(WorkerReport(name=name, queues=["q"], models=[]))


def run_to_the_end(store: JobStore, job: NewJob) -> Chunk:
    claim = store.claim_stage(job.spec.id, 0, "w", time())
    assert claim.chunk is not None
    claim.chunk.items[0].sample.objects = [SampleObject(bbox=(0, 0, 1, 1), age=0.1 + 0.2, gender=Gender("female"))]
    claim.chunk.done = 1
    assert store.complete_stage(job.spec, claim.chunk, {0: DONE}, time(), claim.id)
    claim = store.claim_stage(job.spec.id, 1, "w", time())
    assert claim.chunk is not None
    claim.chunk.done = 2
    ending = Ending(JobStatus.SUCCEEDED, result=claim.chunk)
    assert store.finish(job.spec, ending, {1: DONE, 2: DONE}, time(), claim.id)
    return claim.chunk


def status_of(store: JobStore, job: NewJob) -> JobStatus:
    found = store.find(job.spec.id)
    assert found is not None
    return found.status


def test_a_new_job_is_queued_with_all_that_came_with_it(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    found, data = store.find(job.spec.id), store.data(job.spec.id)
    assert store.find_with_data(job.spec.id) == (found, data)
    assert found is not None
    assert data is not None
    assert (found.spec, found.status) == (job.spec, JobStatus.QUEUED)
    assert [service.status for service in found.services] == [ServiceStatus.QUEUED] * 3
    assert (data.sent_samples, data.metadata, data.result) == ([{"note": "ü"}], {"mine": 1}, None)
    assert store.image(job.spec.blobs[0]) == b"\x00image"


def test_an_unknown_job_is_none(store: JobStore) -> None:
    assert store.find("no-such-job") is None
    assert store.data("no-such-job") is None
    assert store.find_with_data("no-such-job") == (None, None)
    assert store.image("no-such-job:0") is None
    assert store.claim_stage("no-such-job", 0, "w", time()).outcome is ClaimOutcome.OVER


def test_a_running_job_shows_how_far_it_is(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    claim = store.claim_stage(job.spec.id, 0, "w", time())
    assert claim.chunk is not None
    store.complete_stage(job.spec, claim.chunk.model_copy(update={"done": 1}), {0: DONE}, time(), claim.id)
    store.claim_stage(job.spec.id, 1, "w", time())
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
    claim = store.claim_stage(job.spec.id, 0, "w", time())
    assert store.complete_stage(job.spec, Chunk(items=[], done=1), {0: DONE}, time(), claim.id)
    assert store.claim_stage(job.spec.id, 0, "w", time()).outcome is ClaimOutcome.DONE


def test_the_end_of_a_stage_may_be_recorded_twice(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    claim = store.claim_stage(job.spec.id, 0, "w", time())
    chunk = Chunk(items=[], done=1)
    assert [store.complete_stage(job.spec, chunk, {0: DONE}, time(), claim.id) for _ in range(2)] == [True, True]


def test_a_stage_is_held_while_its_worker_lives(store: JobStore, live: Live) -> None:
    job = new_job()
    store.create(job)
    live("one")
    first = store.claim_stage(job.spec.id, 0, "one", time())
    assert [store.claim_stage(job.spec.id, 0, "other", time()).outcome for _ in range(9)] == [ClaimOutcome.HELD] * 9
    assert store.complete_stage(job.spec, Chunk(items=[], done=1), {0: DONE}, time(), first.id)
    assert store.claim_stage(job.spec.id, 1, "other", time()).outcome is ClaimOutcome.GO


def test_a_worker_that_gave_a_stage_back_may_run_it_again_and_again(store: JobStore, live: Live) -> None:
    job = new_job()
    store.create(job)
    live("w")
    claims = [store.claim_stage(job.spec.id, 0, "w", time()) for _ in range(9)]
    assert {claim.outcome for claim in claims} == {ClaimOutcome.GO}
    assert not any(claim.alone for claim in claims)
    assert not store.report_progress(job.spec, {}, claims[0].id)
    assert store.report_progress(job.spec, {}, claims[-1].id)


def test_a_stage_whose_worker_died_is_tried_alone(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, "dead", time())
    assert [store.claim_stage(job.spec.id, 0, "w", time()).outcome for _ in range(9)] == [ClaimOutcome.ALONE] * 9
    claim = store.claim_stage(job.spec.id, 0, "w", time(), alone=True)
    assert (claim.outcome, claim.alone, claim.poisoned) == (ClaimOutcome.GO, True, ())
    assert store.claim_stage(job.spec.id, 0, "w", time()).outcome is ClaimOutcome.ALONE, "it gave the stage back"
    assert store.complete_stage(job.spec, Chunk(items=[], done=1), {0: DONE}, time(), claim.id)
    assert store.claim_stage(job.spec.id, 1, "w", time()).outcome is ClaimOutcome.GO, "only this stage is suspect"


def test_the_result_of_a_worker_that_was_taken_for_dead_counts_for_nothing(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    stale = store.claim_stage(job.spec.id, 0, "frozen", time())
    claim = store.claim_stage(job.spec.id, 0, "w", time(), alone=True)
    chunk = Chunk(items=[], done=1)
    assert not store.report_progress(job.spec, {0: DONE}, stale.id)
    assert not store.try_item(job.spec, 0, stale.id)
    assert not store.complete_stage(job.spec, chunk, {0: DONE}, time(), stale.id)
    assert not store.finish(job.spec, Ending(JobStatus.FAILED), {}, time(), stale.id)
    assert store.complete_stage(job.spec, chunk, {0: DONE}, time(), claim.id)
    last = store.claim_stage(job.spec.id, 1, "w", time())
    assert not store.finish(job.spec, Ending(JobStatus.FAILED), {}, time(), claim.id)
    assert store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time(), last.id)


def test_an_item_that_kills_its_workers_is_poisoned_and_its_neighbours_are_not(store: JobStore) -> None:
    """The settings allow two attempts: one beside others, one alone."""
    job = new_job(images=(b"a", b"b", b"c"))
    store.create(job)
    store.claim_stage(job.spec.id, 0, "dead-0", time())
    poisoned = []
    for deaths, culprit in enumerate((1, 2), start=1):
        claim = store.claim_stage(job.spec.id, 0, f"dead-{deaths}", time(), alone=True)
        for item in range(culprit + 1):
            assert store.try_item(job.spec, item, claim.id)
        poisoned.append(claim.poisoned)
    claim = store.claim_stage(job.spec.id, 0, "w", time(), alone=True)
    assert (claim.outcome, [*poisoned, claim.poisoned]) == (ClaimOutcome.GO, [(), (1,), (1, 2)])


def test_only_the_first_end_counts(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, "w", time())
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


def test_a_stage_that_kills_its_workers_before_an_item_is_tried_may_begin_only_so_often(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    outcomes = [store.claim_stage(job.spec.id, 0, f"dead-{n}", time(), alone=True).outcome for n in range(3)]
    assert outcomes == [ClaimOutcome.GO, ClaimOutcome.GO, ClaimOutcome.POISONED]


def test_a_stage_of_a_job_past_its_deadline_may_not_run(store: JobStore) -> None:
    job = new_job(deadline_s=-10)
    store.create(job)
    assert store.claim_stage(job.spec.id, 0, "w", time()).outcome is ClaimOutcome.LATE


def test_the_clock_of_the_machine_that_made_a_job_does_not_matter(store: JobStore) -> None:
    jobs = [new_job(created_at=time() + ahead_s, deadline_s=10) for ahead_s in (-20, 20)]
    for job in jobs:
        store.create(job)
        found = store.find(job.spec.id)
        assert found is not None
        assert found.late_at is not None
        assert 0 < found.late_at - store.now() < 12
        assert store.stalled(store.now() + 9, 10) == []
        assert store.stalled(store.now() + 11, 10) == [job.spec.id]
        assert store.claim_stage(job.spec.id, 0, "w", store.now()).outcome is ClaimOutcome.GO
        store.forget(job.spec.id)


def test_a_queued_job_is_canceled_at_once(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.cancel(job.spec.id, time())
    assert status_of(store, job) is JobStatus.CANCELED
    assert store.claim_stage(job.spec.id, 0, "w", time()).outcome is ClaimOutcome.OVER
    assert store.image(job.spec.blobs[0]) is None


def test_a_running_job_is_canceled_at_its_next_stage(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, "w", time())
    store.cancel(job.spec.id, time())
    assert status_of(store, job) is JobStatus.RUNNING
    assert store.claim_stage(job.spec.id, 1, "w", time()).outcome is ClaimOutcome.CANCELED


def test_a_running_stage_says_how_far_it_is_and_hears_whether_it_is_wanted(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    assert not store.report_progress(job.spec, {}, ""), "nobody has begun it"
    claim = store.claim_stage(job.spec.id, 0, "w", time())
    store.complete_stage(job.spec, Chunk(items=[], done=1), {0: DONE}, time(), claim.id)
    claim = store.claim_stage(job.spec.id, 1, "w", time())
    assert store.report_progress(job.spec, {1: DONE}, claim.id)
    found = store.find(job.spec.id)
    assert found is not None
    assert [service.status.value for service in found.services] == ["succeeded", "succeeded", "running"]
    store.cancel(job.spec.id, time())
    assert not store.report_progress(job.spec, {1: DONE}, claim.id)


def test_a_job_that_was_canceled_in_its_last_stage_does_not_succeed(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.claim_stage(job.spec.id, 0, "w", time())
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
        store.claim_stage(job.spec.id, 0, "w", time())
    if when == "over":
        run_to_the_end(store, job)
    store.erase(job.spec, tombstone=True)
    assert status_of(store, job) is JobStatus.ERASED
    assert store.data(job.spec.id) is None
    assert store.image(job.spec.blobs[0]) is None
    assert store.claim_stage(job.spec.id, 0, "w", time()).outcome is ClaimOutcome.OVER
    assert not store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    assert store.data(job.spec.id) is None
    assert store.recent(10, None) == ([], None)


@pytest.mark.parametrize("ended", ["succeeded", "canceled"])
def test_a_job_is_taken_with_its_data_once_it_is_over_and_nothing_of_it_is_left(store: JobStore, ended: str) -> None:
    job, other = new_job(include_image=True), new_job()
    store.create(job)
    store.create(other)
    for _ in range(2):
        assert store.take(job.spec) == store.find_with_data(job.spec.id)
        assert status_of(store, job) is JobStatus.QUEUED
    chunk = run_to_the_end(store, job) if ended == "succeeded" else store.cancel(job.spec.id, time())
    kept = store.find_with_data(job.spec.id)
    assert store.take(job.spec) == kept
    found, data = kept
    assert found is not None
    assert data is not None
    assert (found.status, data.result) == (ended, chunk)
    assert store.take(job.spec) == store.find_with_data(job.spec.id) == (None, None)
    assert store.image(job.spec.blobs[0]) is None
    assert store.listed(10, None) == [other.spec.id]
    assert status_of(store, other) is JobStatus.QUEUED


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


def test_the_jobs_of_an_owner_are_listed_apart(store: JobStore) -> None:
    mine, other, nobodys = new_job(owner="alice"), new_job(owner="bob"), new_job()
    for job in (mine, other, nobodys):
        store.create(job)
    assert [found.spec.id for found in store.recent(10, None, "alice")[0]] == [mine.spec.id]
    assert len(store.recent(10, None)[0]) == 3
    store.erase(mine.spec, tombstone=True)
    assert store.recent(10, None, "alice") == ([], None)
    assert store.recent(10, None, "carol") == ([], None)


def test_a_job_counts_as_stalled_only_without_progress(store: JobStore) -> None:
    now = time()
    job = new_job(created_at=now)
    store.create(job)
    assert store.stalled(now + 9, 10) == []
    assert store.stalled(now + 11, 10) == [job.spec.id]
    store.claim_stage(job.spec.id, 0, "w", now + 5)
    assert store.stalled(now + 11, 10) == []
    assert store.stalled(now + 16, 10) == [job.spec.id]
    store.postpone(job.spec.id, now + 100)
    assert store.stalled(now + 99, 10) == []
    assert store.stalled(now + 100, 10) == [job.spec.id]
    store.forget(job.spec.id)
    store.postpone(job.spec.id, now)
    assert store.stalled(now + 999, 10) == []


def test_a_job_that_is_over_is_never_stalled(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    run_to_the_end(store, job)
    assert store.stalled(time() + 10_000, 10) == []


def test_a_job_that_was_set_aside_is_never_stalled(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    store.set_aside(job.spec.id)
    assert store.stalled(time() + 10_000, 10) == []


def keyed(fingerprint: str = "print", key: str = "key") -> NewJob:
    job = new_job()
    return replace(job, spec=job.spec.model_copy(update={"idempotency_key": key}), fingerprint=fingerprint)


def test_of_two_jobs_with_one_key_the_first_is_kept(store: JobStore) -> None:
    first, second, other = keyed(), keyed("other print"), keyed(key="another")
    bound = Created(first.spec.id, "print")
    assert store.create(first) == bound
    assert store.create(second) == bound
    assert store.create(first) == bound, "a call whose answer was lost comes again"
    assert store.find(second.spec.id) is None
    assert store.data(second.spec.id) is None
    assert store.create(other).id == other.spec.id
    assert store.create(job := new_job()) == Created(job.spec.id)


def test_a_creation_that_arrives_late_changes_nothing(store: JobStore) -> None:
    job = new_job()
    store.create(job)
    run_to_the_end(store, job)
    ended = store.find(job.spec.id)
    store.create(job)
    assert store.find(job.spec.id) == ended
    assert job.spec.id not in store.stalled(time() + 1000, 10)


def test_a_job_is_known_to_be_sent_once_that_is_confirmed_or_a_worker_runs_it(store: JobStore) -> None:
    confirmed, begun = new_job(), new_job()
    for job in (confirmed, begun):
        store.create(job)
        found = store.find(job.spec.id)
        assert found is not None
        assert not found.sent
    assert store.confirm_sent(confirmed.spec.id)
    store.claim_stage(begun.spec.id, 0, "w", time())
    for job in (confirmed, begun):
        store.withdraw(job.spec)
        found = store.find(job.spec.id)
        assert found is not None
        assert found.sent


def test_nothing_is_left_of_a_job_that_is_withdrawn(store: JobStore) -> None:
    job, again = keyed(), keyed()
    store.create(job)
    store.withdraw(job.spec)
    assert store.find(job.spec.id) is None
    assert store.data(job.spec.id) is None
    assert store.stalled(time() + 1000, 10) == []
    assert not store.confirm_sent(job.spec.id)
    assert store.create(again).id == again.spec.id
    store.withdraw(job.spec)
    assert store.create(keyed()).id == again.spec.id, "the key is that of the later job"


def test_the_message_of_a_webhook_waits_for_the_end_of_its_job_and_is_due_then(store: JobStore) -> None:
    webhook = Webhook(url="https://receiver.example/?token=hush", events=("job.succeeded",))
    job, without = new_job(webhook=webhook), new_job()
    for one in (job, without):
        store.create(one)
    found = store.find(job.spec.id)
    assert found is not None
    assert found.delivery == Delivery(DeliveryStatus.WAITING)
    now = store.now()
    for one in (job, without):
        assert store.finish(one.spec, Ending(JobStatus.CANCELED), {}, now)
    found, other = store.find(job.spec.id), store.find(without.spec.id)
    assert found is not None
    assert other is not None
    assert found.delivery == Delivery(DeliveryStatus.PENDING, next_at=pytest.approx(now))
    assert other.delivery is None
