"""Batches on the server."""

from config.settings import JobSettings
from jobs.batches.batch import Batch, BatchSpec, Part, Refusal
from jobs.job import Place
from jobs.redis import keys
from jobs.redis.connection import Client, storage
from jobs.redis.idempotency import RedisIdempotencyKeys
from jobs.redis.jobs import TOMBSTONE_S
from jobs.redis.listing import latest
from jobs.redis.records import number, read_job

# KEYS: record, parts, refusals. ARGV: time, earliest time at which the intake may have shown life last, seconds that
# the record stays, seconds that the refusals stay, field that notes the time, which of the keys grows or 0, by what.
_TAKE = """
local touched, sealed, canceled = unpack(redis.call('HMGET', KEYS[1], 'touched_at', 'sealed_at', 'canceled_at'))
if not touched or sealed or canceled or tonumber(touched) < tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[5], ARGV[1])
if ARGV[6] ~= '0' then redis.call('RPUSH', KEYS[tonumber(ARGV[6])], ARGV[7]) end
if ARGV[6] == '3' then redis.call('HINCRBY', KEYS[1], 'refused', 1) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[4])
return 1
"""
_NOTHING, _PARTS, _REFUSALS = 0, 2, 3

# KEYS: record. ARGV: time.
_CANCEL = """
if redis.call('HEXISTS', KEYS[1], 'touched_at') == 0 then return 0 end
return redis.call('HSETNX', KEYS[1], 'canceled_at', ARGV[1])
"""


class RedisBatchStore:
    """A `BatchStore`. Thread-safe."""

    def __init__(self, client: Client, settings: JobSettings) -> None:
        self._redis = client
        self._settings = settings
        self.claims = RedisIdempotencyKeys(client, "batch")
        self._take_script = client.register_script(_TAKE)
        self._cancel = client.register_script(_CANCEL)

    def create(self, spec: BatchSpec) -> int:
        """See `BatchStore.create`."""
        record = {"spec": spec.model_dump_json(), "touched_at": spec.created_at}
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.batch(spec.id), mapping=record)
            pipe.expire(keys.batch(spec.id), self._life_s(spec))
            pipe.zadd(keys.BATCHES, {spec.id: spec.created_at})
            oldest = spec.created_at - spec.deadline_s - self._settings.max_ttl_s
            pipe.zremrangebyscore(keys.BATCHES, 0, oldest)
            pipe.sadd(keys.OPEN_BATCHES, spec.id)
            pipe.scard(keys.OPEN_BATCHES)
            return int(pipe.execute()[-1])

    def touch(self, spec: BatchSpec, now: float) -> bool:
        """See `BatchStore.touch`."""
        return self._take(spec, now)

    def add(self, spec: BatchSpec, job_id: str, samples: int, now: float) -> bool:
        """See `BatchStore.add`."""
        return self._take(spec, now, key=_PARTS, entry=f"{job_id} {samples}")

    def refuse(self, spec: BatchSpec, refusal: Refusal, now: float) -> bool:
        """See `BatchStore.refuse`."""
        return self._take(spec, now, key=_REFUSALS, entry=refusal.model_dump_json())

    def seal(self, spec: BatchSpec, now: float) -> bool:
        """See `BatchStore.seal`."""
        return self._take(spec, now, field="sealed_at")

    def cancel(self, batch_id: str, now: float) -> None:
        """See `BatchStore.cancel`."""
        with storage():
            self._cancel(keys=[keys.batch(batch_id)], args=[now])

    def find(self, batch_id: str) -> Batch | None:
        """See `BatchStore.find`."""
        with storage(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.batch(batch_id))
            pipe.lrange(keys.parts(batch_id), 0, -1)
            record, listed = pipe.execute()
            if not record:
                return None
            noted = [entry.decode().split(" ") for entry in listed]
            for job_id, _ in noted:
                pipe.hgetall(keys.record(job_id))
            jobs = pipe.execute()
        return Batch(
            spec=BatchSpec.model_validate_json(record[b"spec"]),
            parts=[
                Part(job_id, int(samples), read_job(job) if job else None)
                for (job_id, samples), job in zip(noted, jobs, strict=True)
            ],
            refused=int(record.get(b"refused", 0)),
            touched_at=number(record, b"touched_at") or 0,
            sealed_at=number(record, b"sealed_at"),
            canceled_at=number(record, b"canceled_at"),
            erased=b"touched_at" not in record,
        )

    def refusals(self, batch_id: str, start: int, limit: int) -> list[Refusal]:
        """See `BatchStore.refusals`."""
        with storage():
            listed = self._redis.lrange(keys.refusals(batch_id), start, start + limit - 1)
        return [Refusal.model_validate_json(entry) for entry in listed]

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        """See `BatchStore.erase`."""
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(keys.batch(spec.id), keys.parts(spec.id), keys.refusals(spec.id))
            pipe.zrem(keys.BATCHES, spec.id)
            pipe.srem(keys.OPEN_BATCHES, spec.id)
            if tombstone:
                pipe.hset(keys.batch(spec.id), "spec", spec.model_dump_json())
                pipe.expire(keys.batch(spec.id), TOMBSTONE_S)
            pipe.execute()
        if spec.claim is not None:
            self.claims.release(spec.claim, spec.id)

    def recent(self, limit: int, after: Place | None) -> tuple[list[str], Place | None]:
        """See `BatchStore.recent`."""
        with storage():
            listed = latest(self._redis, keys.BATCHES, limit, after)
        return [place.job_id for place in listed], listed[-1] if len(listed) == limit else None

    def open(self) -> list[str]:
        """See `BatchStore.open`."""
        with storage():
            return sorted(member.decode() for member in self._redis.smembers(keys.OPEN_BATCHES))

    def close(self, batch_id: str) -> None:
        """See `BatchStore.close`."""
        with storage():
            self._redis.srem(keys.OPEN_BATCHES, batch_id)

    def _take(
        self, spec: BatchSpec, now: float, *, field: str = "touched_at", key: int = _NOTHING, entry: str = ""
    ) -> bool:
        touched = [keys.batch(spec.id), keys.parts(spec.id), keys.refusals(spec.id)]
        arguments = [now, now - spec.silence_s, self._life_s(spec), spec.ttl_s, field, key, entry]
        with storage():
            return bool(self._take_script(keys=touched, args=arguments))

    def _life_s(self, spec: BatchSpec) -> int:
        # The last job may be made now, and its own record lives for so long at most.
        return spec.deadline_s + spec.ttl_s + TOMBSTONE_S
