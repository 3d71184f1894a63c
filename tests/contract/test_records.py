"""Records that this version cannot read, or that another version wrote, on a real server."""

import json
import logging
from collections.abc import Iterator
from time import time
from typing import Any

import pytest

from config.settings import BatchSettings, JobSettings
from jobs.batches.batch import BatchSpec
from jobs.batches.service import BatchService
from jobs.errors import BatchUnknown, JobUnknown, RecordUnreadable
from jobs.idempotency import RequestKey
from jobs.job import Ending, JobSpec, JobStatus
from jobs.redis import keys
from jobs.redis.batches import RedisBatchStore
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence, WorkerReport
from jobs.service import JobService
from pipelines.chunk import Chunk
from tests.fakes.jobs import new_job

BROKEN = [b"{", b'{"id": "x"}', b"\xff"]


class Unsent:
    """A sender that sends nothing."""

    def send(self, spec: JobSpec) -> None: ...


class Deployment:
    """The stores of a deployment, on a real server."""

    def __init__(self, redis: Any) -> None:
        self.redis = redis
        self.store = RedisJobStore(redis, JobSettings())
        self.jobs = JobService(self.store, Unsent())
        self.batch_store = RedisBatchStore(redis, JobSettings())
        self.batches = BatchService(self.batch_store, self.store, BatchSettings(), lambda: 0.0)

    def created(self, **options: Any) -> str:
        job = new_job(**options)
        self.store.create(job)
        return job.spec.id

    def add_unknown_fields(self, key: str, *path: str) -> None:
        """Add a field to the JSON in a field of a record, and inside the object at a path in it."""
        written = json.loads(self.redis.hget(key, "spec"))
        inner = written
        for name in path:
            inner = inner[name][0] if isinstance(inner[name], list) else inner[name]
        written["of_a_later_version"] = inner["of_a_later_version"] = {"deep": [1]}
        self.redis.hset(key, "spec", json.dumps(written))


@pytest.fixture
def there(server_url: str) -> Iterator[Deployment]:
    client = connect(server_url, patience_s=1)
    client.flushdb()  # type: ignore[attr-defined]
    yield Deployment(client)
    client.close()


@pytest.mark.parametrize("path", [("plan", "steps"), ("stages",), ("group",)])
def test_fields_that_a_later_version_adds_are_ignored(there: Deployment, path: tuple[str, ...]) -> None:
    job_id = there.created(batch="b" if path == ("group",) else None)
    there.add_unknown_fields(keys.record(job_id), *path)
    there.redis.hset(keys.record(job_id), mapping={"of_a_later_version": 1, "service:0": '{"status":"failed","new":1}'})
    found = there.store.find(job_id)
    assert found is not None
    assert (found.status, found.services[0].status.value) == (JobStatus.QUEUED, "failed")


def test_the_chunk_of_a_later_version_is_read_without_its_new_fields(there: Deployment) -> None:
    job_id = there.created()
    written = {"items": [{"sample": {"objects": [{"age": 3, "new": 1}], "new": 1}, "new": 1}], "new": 1}
    there.redis.set(keys.chunk(job_id), json.dumps(written))
    chunk = there.store.claim_stage(job_id, 0, "worker", time()).chunk
    assert chunk is not None
    assert chunk.items[0].sample.objects[0].age == 3


def test_a_record_of_an_earlier_version_is_read_with_defaults(there: Deployment) -> None:
    job_id = there.created()
    written = json.loads(there.redis.hget(keys.record(job_id), "spec"))
    needed = {name: written[name] for name, field in JobSpec.model_fields.items() if field.is_required()}
    there.redis.hset(keys.record(job_id), "spec", json.dumps(needed))
    found = there.store.find(job_id)
    assert found is not None
    assert (found.spec.priority, found.spec.on_error, found.failed_items) == ("normal", "fail", 0)


@pytest.mark.parametrize("broken", BROKEN)
def test_the_list_leaves_out_a_job_whose_record_cannot_be_read_and_says_so_in_the_log(
    there: Deployment, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = there.created(created_at=time() - 1), there.created()
    there.redis.hset(keys.record(bad), "spec", broken)
    with caplog.at_level(logging.WARNING):
        listed, _ = there.jobs.recent(10, None)
    assert [job.spec.id for job in listed] == [good]
    assert [(entry.message, entry.__dict__["job"]) for entry in caplog.records] == [
        ("job left out: its record cannot be read", bad)
    ]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_job_whose_record_cannot_be_read_is_an_error_of_its_own_and_can_be_erased(
    there: Deployment, broken: bytes
) -> None:
    job_id = there.created(images=(b"a", b"b"))
    there.redis.hset(keys.record(job_id), "spec", broken)
    for ask in (there.jobs.find, there.jobs.read, there.jobs.cancel):
        with pytest.raises(RecordUnreadable, match=job_id):
            ask(job_id)
    there.jobs.erase(job_id)
    with pytest.raises(JobUnknown):
        there.jobs.find(job_id)
    assert [key for key in there.redis.keys("*") if job_id in key.decode()] == []


def test_a_record_without_a_status_is_unreadable(there: Deployment) -> None:
    job_id = there.created()
    there.redis.hdel(keys.record(job_id), "status")
    with pytest.raises(RecordUnreadable):
        there.jobs.find(job_id)


@pytest.mark.parametrize("done", [-1, 99])
def test_the_record_of_a_job_that_is_not_over_names_one_of_its_stages(there: Deployment, done: int) -> None:
    job_id = there.created()
    there.redis.hset(keys.record(job_id), "done", done)
    with pytest.raises(RecordUnreadable):
        there.jobs.find(job_id)


def test_batches_of_other_versions_are_read_and_broken_ones_are_left_out(there: Deployment) -> None:
    good, _ = there.batches.open(60)
    bad, _ = there.batches.open(60)
    there.add_unknown_fields(keys.batch(good.id))
    there.redis.hset(keys.batch(bad.id), "spec", b"{")
    listed, _ = there.batches.recent(10, None)
    assert [batch.spec.id for batch in listed] == [good.id]
    with pytest.raises(RecordUnreadable):
        there.batches.find(bad.id)
    # Neither the sweep nor the count of a caller's open batches stops at it.
    assert there.batches.open(60, caller="me")[0].caller == "me"


def test_a_job_that_cannot_be_read_does_not_hide_its_batch_and_is_erased_with_it(there: Deployment) -> None:
    spec, _ = there.batches.open(60)
    ids = [there.created(batch=spec.id) for _ in range(2)]
    for job_id in ids:
        there.batch_store.add_job(spec, job_id, 1, time())
    there.redis.hset(keys.record(ids[0]), "spec", b"{")
    batch = there.batches.find(spec.id)
    assert [batch_job.job is not None for batch_job in batch.jobs] == [False, True]
    there.batches.erase(spec.id)
    assert [key for key in there.redis.keys("*") if any(job_id in key.decode() for job_id in ids)] == []


def test_a_worker_of_another_version_does_not_hide_the_others(there: Deployment) -> None:
    presence = Presence(there.redis)
    presence.report(WorkerReport(name="mine", queues=["liveness.bulk"], models=[]))
    presence.report(WorkerReport(name="later", queues=["liveness"], models=[]))
    there.redis.hset(keys.WORKERS, "later", '{"name": "later", "queues": {"liveness": 1}}')
    assert [worker.name for worker in presence.workers()] == ["mine"]


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED])
def test_an_idempotency_key_ends_with_the_result_of_its_job(there: Deployment, status: JobStatus) -> None:
    job = new_job(ttl_s=60, deadline_s=1000)
    spec = job.spec.model_copy(update={"idempotency_key": "key"})
    there.store.create(job)
    there.store.idempotency_keys.bind("key", "print", spec.id, 1060)
    there.store.finish(spec, Ending(status, result=Chunk(items=[])), {}, time())
    assert 0 < there.redis.ttl(keys.idempotency("job", "key")) <= 60


def test_the_end_of_a_job_leaves_the_key_to_a_later_job(there: Deployment) -> None:
    job = new_job(ttl_s=60)
    there.store.create(job)
    there.store.idempotency_keys.bind("key", "print", "a-later-job", 1060)
    spec = job.spec.model_copy(update={"idempotency_key": "key"})
    there.store.finish(spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    assert there.redis.ttl(keys.idempotency("job", "key")) > 1000


def test_an_idempotency_key_ends_with_the_last_result_of_its_batch(there: Deployment) -> None:
    spec: BatchSpec = there.batches.open(60, key=RequestKey("key", "print"))[0]
    for ttl_s in (30, 60):
        job = new_job(batch=spec.id, ttl_s=ttl_s)
        there.store.create(job)
        there.batch_store.add_job(spec, job.spec.id, 1, time())
        there.store.finish(job.spec, Ending(JobStatus.SUCCEEDED, result=job.chunk), {}, time())
    there.batches.find(spec.id)
    assert there.redis.ttl(keys.idempotency("batch", "key")) > 1000, "the batch is not complete"
    there.batch_store.seal(spec, time())
    there.batches.find(spec.id)
    assert 50 < there.redis.ttl(keys.idempotency("batch", "key")) <= 60


def test_a_batch_that_cannot_be_read_is_erased_with_its_jobs(there: Deployment) -> None:
    spec, _ = there.batches.open(60)
    job_id = there.created(batch=spec.id, images=(b"a", b"b"))
    there.batch_store.add_job(spec, job_id, 1, time())
    there.redis.hset(keys.batch(spec.id), "spec", b"{")
    there.batches.erase(spec.id)
    left = [key.decode() for key in there.redis.keys("*")]
    assert [key for key in left if job_id in key or spec.id in key] == []
    assert there.batch_store.open() == []
    with pytest.raises(BatchUnknown):
        there.batches.find(spec.id)
