"""`RedisBatchStore`: keeps batches on a Redis-compatible server."""

from typing import Literal

from config.settings import JobSettings
from jobs.batches.batch import Batch, BatchJob, BatchSpec, Refusal
from jobs.cursor import Cursor
from jobs.redis import keys
from jobs.redis.client import Client, Value
from jobs.redis.clock import StoreClock
from jobs.redis.connection import storage
from jobs.redis.encryption import PLAIN, Encryption
from jobs.redis.idempotency import RedisIdempotencyKeys
from jobs.redis.jobs import TOMBSTONE_S
from jobs.redis.records import number, read_delivery, read_page, readable, readable_job
from jobs.redis.scripts import load_script
from jobs.webhooks.webhook import Webhook


class RedisBatchStore:
    """An implementation of `BatchStore`. Thread-safe.

    Args:
        client: of the server.
        settings: of jobs.
        encryption: of refusals and webhooks.
    """

    def __init__(self, client: Client, settings: JobSettings, encryption: Encryption = PLAIN) -> None:
        self._redis = client
        self._encryption = encryption
        self._settings = settings
        self._clock = StoreClock(client)
        self.idempotency_keys = RedisIdempotencyKeys(client, "batch")
        self._take_into = load_script(client, "take_into_batch")
        self._cancel = load_script(client, "cancel_batch")

    def now(self) -> float:
        """See `BatchStore.now`."""
        return self._clock.now()

    def create(self, spec: BatchSpec, webhook: Webhook | None = None) -> int:
        """See `BatchStore.create`."""
        record: dict[str, Value] = {"spec": spec.model_dump_json(), "touched_at": spec.created_at}
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.batch(spec.id), mapping=record)
            pipe.expire(keys.batch(spec.id), self._life_s(spec))
            if webhook is not None:
                name = keys.webhook(spec.id)
                life_s = spec.deadline_s + spec.ttl_s
                pipe.set(name, self._encryption.encrypt(name, webhook.model_dump_json()), ex=life_s)
                pipe.zadd(keys.DUE, {f"batch {spec.id}": 0})
            oldest = spec.created_at - spec.deadline_s - self._settings.max_ttl_s
            for listed_in in (keys.BATCHES, keys.batches_of(spec.owner)):
                pipe.zadd(listed_in, {spec.id: spec.created_at})
                pipe.zremrangebyscore(listed_in, 0, oldest)
            pipe.sadd(keys.OPEN_BATCHES, spec.id)
            pipe.scard(keys.OPEN_BATCHES)
            return int(pipe.execute()[-1])

    def touch(self, spec: BatchSpec, now: float) -> bool:
        """See `BatchStore.touch`."""
        return self._take(spec, now)

    def add_job(self, spec: BatchSpec, job_id: str, requests: int, now: float) -> bool:
        """See `BatchStore.add_job`."""
        return self._take(spec, now, grows="jobs", entry=f"{job_id} {requests}")

    def add_refusal(self, spec: BatchSpec, refusal: Refusal, now: float) -> bool:
        """See `BatchStore.add_refusal`."""
        entry = self._encryption.encrypt(keys.refusals(spec.id), refusal.model_dump_json())
        return self._take(spec, now, grows="refusals", entry=entry)

    def seal(self, spec: BatchSpec, now: float, body_digest: str = "") -> bool:
        """See `BatchStore.seal`."""
        return self._take(spec, now, time_field="sealed_at", body_digest=body_digest)

    def cancel(self, batch_id: str, now: float) -> None:
        """See `BatchStore.cancel`."""
        with storage():
            self._cancel(keys=[keys.batch(batch_id)], args=[now])

    def find(self, batch_id: str) -> Batch | None:
        """See `BatchStore.find`."""
        with storage(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.batch(batch_id))
            pipe.lrange(keys.batch_jobs(batch_id), 0, -1)
            record, entries = pipe.execute()
            if not record:
                return None
            with readable("batch", batch_id):
                spec = BatchSpec.model_validate_json(record[b"spec"])
                listed = [
                    (job_id, int(requests)) for job_id, requests in (text.decode().split(" ") for text in entries)
                ]
            for job_id, _ in listed:
                pipe.hgetall(keys.record(job_id))
            jobs = pipe.execute()
        now = self.now()
        with readable("batch", batch_id):
            return Batch(
                spec=spec,
                jobs=[
                    BatchJob(job_id, requests, readable_job(job_id, job, now))
                    for (job_id, requests), job in zip(listed, jobs, strict=True)
                ],
                refused=int(record.get(b"refused", 0)),
                touched_at=number(record, b"touched_at") or 0,
                sealed_at=number(record, b"sealed_at"),
                canceled_at=number(record, b"canceled_at"),
                erased=b"touched_at" not in record,
                body_digest=record.get(b"body_digest", b"").decode(),
                delivery=read_delivery(record) if spec.webhook else None,
            )

    def refusals(self, batch_id: str, start: int, limit: int) -> list[Refusal]:
        """See `BatchStore.refusals`."""
        name = keys.refusals(batch_id)
        with storage():
            entries = self._redis.lrange(name, start, start + limit - 1)
        with readable("batch", batch_id):
            return [Refusal.model_validate_json(self._encryption.decrypt(name, entry)) for entry in entries]

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        """See `BatchStore.erase`."""
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(keys.batch(spec.id), keys.batch_jobs(spec.id), keys.refusals(spec.id), keys.webhook(spec.id))
            pipe.zrem(keys.BATCHES, spec.id)
            pipe.zrem(keys.batches_of(spec.owner), spec.id)
            pipe.srem(keys.OPEN_BATCHES, spec.id)
            if tombstone:
                pipe.hset(keys.batch(spec.id), "spec", spec.model_dump_json())
                pipe.expire(keys.batch(spec.id), TOMBSTONE_S)
            pipe.execute()
        if spec.idempotency_key is not None:
            self.idempotency_keys.expire(spec.idempotency_key, spec.id, 0)

    def job_ids(self, batch_id: str) -> list[str]:
        """See `BatchStore.job_ids`."""
        with storage():
            entries = self._redis.lrange(keys.batch_jobs(batch_id), 0, -1)
        return [entry.decode("utf-8", "replace").partition(" ")[0] for entry in entries]

    def lists(self, batch_id: str, owner: str) -> bool:
        """See `BatchStore.lists`."""
        with storage():
            return self._redis.zscore(keys.batches_of(owner), batch_id) is not None

    def erase_unreadable(self, batch_id: str, owner: str | None = None) -> None:
        """See `BatchStore.erase_unreadable`."""
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(
                keys.batch(batch_id), keys.batch_jobs(batch_id), keys.refusals(batch_id), keys.webhook(batch_id)
            )
            for listed_in in {keys.BATCHES, keys.batches_of(owner)}:
                pipe.zrem(listed_in, batch_id)
            pipe.srem(keys.OPEN_BATCHES, batch_id)
            pipe.execute()

    def recent(self, limit: int, after: Cursor | None, owner: str | None = None) -> tuple[list[str], Cursor | None]:
        """See `BatchStore.recent`."""
        with storage():
            listed = read_page(self._redis, keys.batches_of(owner), limit, after)
        return [cursor.id for cursor in listed], listed[-1] if len(listed) == limit else None

    def open(self) -> list[str]:
        """See `BatchStore.open`."""
        with storage():
            return sorted(member.decode() for member in self._redis.smembers(keys.OPEN_BATCHES))

    def close(self, batch_id: str) -> None:
        """See `BatchStore.close`."""
        with storage():
            self._redis.srem(keys.OPEN_BATCHES, batch_id)

    def _take(
        self,
        spec: BatchSpec,
        now: float,
        *,
        time_field: str = "touched_at",
        grows: Literal["jobs", "refusals", ""] = "",
        entry: str | bytes = "",
        body_digest: str = "",
    ) -> bool:
        touched = [keys.batch(spec.id), keys.batch_jobs(spec.id), keys.refusals(spec.id)]
        silent_since = now - spec.silence_s
        lives: list[Value] = [self._life_s(spec), spec.ttl_s]
        arguments: list[Value] = [now, silent_since, *lives, time_field, grows, entry, body_digest]
        with storage():
            return bool(self._take_into(keys=touched, args=arguments))

    def _life_s(self, spec: BatchSpec) -> int:
        # The last job may be made now, and its record is kept for at most so long.
        return spec.deadline_s + spec.ttl_s + TOMBSTONE_S
