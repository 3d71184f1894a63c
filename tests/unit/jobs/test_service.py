from collections.abc import Callable
from dataclasses import replace
from time import time
from typing import Any

import pytest

from config.settings import JobSettings
from jobs.errors import IdempotencyConflict, JobFailed, JobUnknown, Overloaded, PartOfBatch, StorageError
from jobs.job import Ending, JobSpec, JobStatus, NewJob
from jobs.service import JobService
from jobs.terms import Terms
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job


class Deployment:
    """A store, and what was sent to the workers.

    Attributes:
        admitting: is called when a job asks for room.
        sending: is called before a job is sent.
    """

    def __init__(self) -> None:
        self.store = MemoryJobStore(JobSettings())
        self.sent: list[str] = []
        self.admitting: Callable[[], Any] = lambda: None
        self.sending: Callable[[], Any] = lambda: None
        self.jobs = JobService(self.store, sender=self, admission=self)

    def admit(self, spec: JobSpec) -> None:
        self.admitting()

    def count(self, spec: JobSpec) -> None:
        """The job was created."""

    def require_workers(self, spec: JobSpec) -> None:
        """There is none."""

    def send(self, spec: JobSpec) -> None:
        self.sending()
        self.sent.append(spec.id)

    def finish(self, job: NewJob) -> None:
        self.store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())


def keyed(fingerprint: str = "print", key: str = "key") -> NewJob:
    job = new_job()
    return replace(job, spec=job.spec.model_copy(update={"idempotency_key": key}), fingerprint=fingerprint)


def fail(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


def away(*_: object, **__: object) -> None:
    raise StorageError("away")


def test_a_submitted_job_is_kept_before_it_is_sent() -> None:
    there, job = Deployment(), new_job()
    kept: list[int] = []
    there.sending = lambda: kept.append(len(there.store))
    assert there.jobs.submit(job).status is JobStatus.QUEUED
    assert (there.sent, kept) == ([job.spec.id], [1])


def test_nothing_is_kept_of_a_job_that_finds_no_room() -> None:
    there = Deployment()
    there.admitting = fail(Overloaded("full"))
    with pytest.raises(Overloaded):
        there.jobs.submit(new_job())
    assert (len(there.store), there.sent) == (0, [])


def test_nothing_is_kept_of_a_job_that_cannot_be_sent_and_its_key_is_free_again() -> None:
    there = Deployment()
    there.sending = fail(StorageError("away"))
    with pytest.raises(StorageError):
        there.jobs.submit(keyed())
    assert len(there.store) == 0
    there.sending = lambda: None
    again = keyed("other print")
    assert there.jobs.submit(again).spec.id == again.spec.id


def test_a_repeated_request_gets_the_earlier_job_and_sends_none() -> None:
    there, first = Deployment(), keyed()
    there.jobs.submit(first)
    assert there.jobs.submit(keyed()).spec == first.spec
    assert (there.sent, len(there.store)) == ([first.spec.id], 1)
    with pytest.raises(IdempotencyConflict):
        there.jobs.submit(keyed("other print"))
    assert (there.sent, len(there.store)) == ([first.spec.id], 1)


def test_the_key_of_an_erased_job_is_free() -> None:
    there, first, second = Deployment(), keyed(), keyed("other print")
    there.jobs.submit(first)
    there.jobs.erase(first.spec.id)
    assert there.jobs.submit(second).spec.id == second.spec.id


def test_a_job_is_taken_once_it_is_over() -> None:
    there, job = Deployment(), new_job()
    there.jobs.submit(job)
    assert there.jobs.take(job.spec).job.status is JobStatus.QUEUED
    there.finish(job)
    snapshot = there.jobs.take(job.spec)
    assert snapshot.data is not None
    assert snapshot.data.result == job.chunk
    with pytest.raises(JobUnknown):
        there.jobs.find(job.spec.id)
    with pytest.raises(StorageError):
        there.jobs.take(job.spec)


def test_an_erased_job_is_told_from_an_unknown_one() -> None:
    there, job = Deployment(), new_job()
    there.jobs.submit(job)
    there.jobs.erase(job.spec.id)
    for ask in (there.jobs.find, there.jobs.read, there.jobs.cancel, there.jobs.erase):
        with pytest.raises(JobFailed) as erased:
            ask(job.spec.id)
        assert erased.value.failure_type == "erased"
        with pytest.raises(JobUnknown):
            ask("no-such-job")


def test_a_job_of_a_batch_shows_no_data_and_ends_with_its_batch_alone() -> None:
    there, job = Deployment(), new_job(batch="my-batch")
    there.jobs.submit(job)
    there.finish(job)
    snapshot = there.jobs.read(job.spec.id)
    assert (snapshot.metadata, snapshot.sample) == (None, None)
    for end in (there.jobs.cancel, there.jobs.erase):
        with pytest.raises(PartOfBatch, match="my-batch"):
            end(job.spec.id)


def test_the_image_is_read_only_to_be_echoed() -> None:
    there = Deployment()
    for job, image in ((new_job(), None), (new_job(include_image=True), b"\x00image")):
        there.jobs.submit(job)
        assert there.jobs.read(job.spec.id).image is None, "there is no result yet"
        there.finish(job)
        assert there.jobs.read(job.spec.id).image == image


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), StorageError("away")])
def test_a_job_whose_send_was_lost_is_sent_by_the_repeated_request(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, first = Deployment(), keyed()
    there.sending = fail(fault)
    with monkeypatch.context() as outage:
        outage.setattr(there.store, "withdraw", away)
        with pytest.raises(type(fault)):
            there.jobs.submit(first)
    with pytest.raises(type(fault)):
        there.jobs.submit(keyed())
    there.sending = lambda: None
    assert there.jobs.submit(keyed()).spec == first.spec
    assert there.sent == [first.spec.id]
    there.jobs.submit(keyed())
    assert there.sent == [first.spec.id], "it is known to be sent"


def created_late(store: MemoryJobStore) -> Callable[[NewJob, Terms], None]:
    """A store that hangs: it keeps a job, but its caller has no answer any more."""
    create = store.create

    def create_and_fail(job: NewJob, terms: Terms) -> None:
        create(job, terms)
        raise StorageError("no answer")

    return create_and_fail


def test_a_request_that_is_repeated_after_a_hang_gets_the_job_that_was_kept_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, first = Deployment(), keyed()
    with monkeypatch.context() as hang:
        hang.setattr(there.store, "create", created_late(there.store))
        hang.setattr(there.store, "withdraw", away)
        with pytest.raises(StorageError):
            there.jobs.submit(first)
    assert there.jobs.submit(keyed()).spec == first.spec
    assert (there.sent, len(there.store)) == ([first.spec.id], 1)


@pytest.mark.parametrize("job", [new_job(), keyed()])
def test_nothing_is_kept_of_a_job_whose_creation_got_no_answer(job: NewJob, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Deployment()
    monkeypatch.setattr(there.store, "create", created_late(there.store))
    with pytest.raises(StorageError):
        there.jobs.submit(job)
    assert (there.sent, len(there.store)) == ([], 0)


def test_a_failed_submission_does_not_delete_the_job_that_a_repeated_request_has_sent() -> None:
    there, first = Deployment(), keyed()

    def repeat_and_fail() -> None:
        there.sending = lambda: None
        assert there.jobs.submit(keyed()).spec == first.spec
        raise StorageError("away")

    there.sending = repeat_and_fail
    with pytest.raises(StorageError):
        there.jobs.submit(first)
    assert there.jobs.find(first.spec.id).sent
    assert there.sent == [first.spec.id]


def test_a_job_that_was_deleted_before_it_was_known_to_be_sent_is_not_acknowledged() -> None:
    there, job = Deployment(), keyed()
    there.sending = lambda: there.store.withdraw(job.spec)
    with pytest.raises(StorageError, match="send the request again"):
        there.jobs.submit(job)
    there.sending = lambda: None
    assert there.jobs.submit(again := keyed()).spec == again.spec


def test_a_job_that_began_is_not_sent_again() -> None:
    there, first = Deployment(), keyed()
    there.sending = fail(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        there.jobs.submit(first)
    there.sending = lambda: None
    there.store.claim_stage(first.spec.id, 0, "worker", time())
    assert there.jobs.submit(keyed()).status is JobStatus.RUNNING
    assert there.sent == []
