"""Jobs and their images on the server."""

import json

from pydantic import BaseModel

from pipelines.chunk import Chunk
from pipelines.job import (
    Begun,
    Ending,
    Job,
    JobData,
    JobSpec,
    JobStatus,
    NewJob,
    Place,
    Progress,
    Verdict,
)
from pipelines.settings import JobSettings
from pipelines.store import keys
from pipelines.store.connection import Client, storage
from pipelines.store.records import read_job
from pipelines.store.scripts import BEGIN, CANCEL, END, ERASE, FINISH, POSTPONE

TOMBSTONE_S = 3600
"""For how long a job that is gone is told from one that never was."""


class RedisJobStore:
    """A `JobStore`. Thread-safe."""

    def __init__(self, client: Client, settings: JobSettings) -> None:
        self._redis = client
        self._settings = settings
        self._begin = client.register_script(BEGIN)
        self._end = client.register_script(END)
        self._finish = client.register_script(FINISH)
        self._cancel = client.register_script(CANCEL)
        self._postpone = client.register_script(POSTPONE)
        self._erase = client.register_script(ERASE)

    def create(self, job: NewJob) -> None:
        """See `JobStore.create`."""
        spec = job.spec
        life_s = spec.deadline_s + spec.ttl_s
        record = {"spec": spec.model_dump_json(), "status": JobStatus.QUEUED.value, "done": 0}
        given = json.dumps({"givens": job.givens, "metadata": job.metadata})
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.record(spec.id), mapping=record)
            pipe.expire(keys.record(spec.id), life_s + TOMBSTONE_S)
            pipe.set(keys.given(spec.id), given, ex=life_s)
            pipe.set(keys.chunk(spec.id), _dump(job.chunk), ex=life_s)
            for blob, image in zip(spec.blobs, job.images, strict=True):
                pipe.set(keys.blob(blob), image, ex=life_s)
            pipe.zadd(keys.ACTIVE, {spec.id: spec.created_at + self._settings.stalled_after_s})
            pipe.zadd(keys.RECENT, {spec.id: spec.created_at})
            pipe.zremrangebyscore(keys.RECENT, 0, spec.created_at - self._settings.max_life_s)
            pipe.execute()

    def claim(self, key: str, fingerprint: str, job_id: str, ttl_s: int) -> tuple[str, str]:
        """See `JobStore.claim`."""
        with storage():
            bound = self._redis.set(keys.idempotency(key), f"{job_id} {fingerprint}", nx=True, ex=ttl_s, get=True)
        if bound is None:
            return job_id, fingerprint
        bound_id, _, bound_fingerprint = bound.decode().partition(" ")
        return bound_id, bound_fingerprint

    def release(self, key: str) -> None:
        """See `JobStore.release`."""
        with storage():
            self._redis.delete(keys.idempotency(key))

    def find(self, job_id: str) -> Job | None:
        """See `JobStore.find`."""
        with storage():
            record = self._redis.hgetall(keys.record(job_id))
        return read_job(record) if record else None

    def data(self, job_id: str) -> JobData | None:
        """See `JobStore.data`."""
        with storage():
            given, result = self._redis.mget(keys.given(job_id), keys.result(job_id))
        if given is None:
            return None
        kept = json.loads(given)
        return JobData(kept["givens"], kept["metadata"], Chunk.model_validate_json(result) if result else None)

    def image(self, blob: str) -> bytes | None:
        """See `JobStore.image`."""
        with storage():
            image: bytes | None = self._redis.get(keys.blob(blob))
        return image

    def begin(self, job_id: str, stage: int, now: float) -> Begun:
        """See `JobStore.begin`."""
        arguments = [job_id, stage, self._settings.attempts, now, now + self._settings.stalled_after_s]
        with storage():
            verdict, *rest = self._begin(keys=[keys.record(job_id), keys.ACTIVE, keys.chunk(job_id)], args=arguments)
        spec = JobSpec.model_validate_json(rest[0]) if rest else None
        chunk = Chunk.model_validate_json(rest[1]) if len(rest) > 1 else None
        return Begun(Verdict(verdict.decode()), spec, chunk)

    def end(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float) -> None:
        """See `JobStore.end`."""
        arguments = [spec.id, chunk.done, now + self._settings.stalled_after_s, _dump(chunk), *_pairs(progress)]
        with storage():
            self._end(keys=[keys.record(spec.id), keys.ACTIVE, keys.chunk(spec.id)], args=arguments)

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float) -> bool:
        """See `JobStore.finish`."""
        touched = [keys.record(spec.id), keys.ACTIVE, keys.FINISHED]
        touched += [keys.chunk(spec.id), keys.result(spec.id), keys.given(spec.id)]
        lives = [spec.ttl_s, spec.ttl_s + TOMBSTONE_S, int(spec.include_image)]
        outcome = [_dump(ending.result), _dump(ending.failure)]
        arguments = [spec.id, ending.status.value, now, *lives, *outcome, *_pairs(progress)]
        with storage():
            return bool(self._finish(keys=[*touched, *map(keys.blob, spec.blobs)], args=arguments))

    def cancel(self, job_id: str, now: float) -> None:
        """See `JobStore.cancel`."""
        job = self.find(job_id)
        if job is None or job.status.over:
            return
        if job.status is JobStatus.QUEUED and self.finish(job.spec, Ending(JobStatus.CANCELED), {}, now):
            return
        with storage():
            self._cancel(keys=[keys.record(job_id)])

    def erase(self, spec: JobSpec, *, tombstone: bool) -> None:
        """See `JobStore.erase`."""
        touched = [keys.record(spec.id), keys.ACTIVE, keys.RECENT, keys.FINISHED]
        doomed = [keys.given(spec.id), keys.chunk(spec.id), keys.result(spec.id), *map(keys.blob, spec.blobs)]
        with storage():
            self._erase(keys=[*touched, *doomed], args=[spec.id, TOMBSTONE_S if tombstone else 0])

    def bury(self, spec: JobSpec, stage: int, now: float) -> None:
        """See `JobStore.bury`."""
        letter = {"job": spec.id, "stage": stage, "services": ",".join(spec.stages[stage].services), "time": now}
        with storage():
            self._redis.xadd(keys.DEAD_LETTERS, letter, maxlen=1000)

    def recent(self, limit: int, after: Place | None) -> tuple[list[Job], Place | None]:
        """See `JobStore.recent`."""
        with storage():
            listed = self._listed(limit, after)
            with self._redis.pipeline(transaction=False) as pipe:
                for job_id, _ in listed:
                    pipe.hgetall(keys.record(job_id.decode()))
                records = pipe.execute()
        last = Place(listed[-1][1], listed[-1][0].decode()) if len(listed) == limit else None
        return [read_job(record) for record in records if record], last

    def _listed(self, limit: int, after: Place | None) -> list[tuple[bytes, float]]:
        rank = self._redis.zrevrank(keys.RECENT, after.job_id) if after else -1
        if after and rank is None:  # it was erased meanwhile
            top = f"({after.created_at}"
            found = self._redis.zrevrangebyscore(keys.RECENT, top, "-inf", start=0, num=limit, withscores=True)
        else:
            found = self._redis.zrevrange(keys.RECENT, rank + 1, rank + limit, withscores=True)
        return list(found)

    def stalled(self, now: float, limit: int) -> list[str]:
        """See `JobStore.stalled`."""
        with storage():
            return [
                job_id.decode() for job_id in self._redis.zrangebyscore(keys.ACTIVE, "-inf", now, start=0, num=limit)
            ]

    def forget(self, job_id: str) -> None:
        """See `JobStore.forget`."""
        with storage():
            self._redis.zrem(keys.ACTIVE, job_id)

    def postpone(self, job_id: str, until: float) -> int:
        """See `JobStore.postpone`."""
        with storage():
            return int(self._postpone(keys=[keys.record(job_id), keys.ACTIVE], args=[job_id, until]))


def _pairs(progress: Progress) -> list[int | str]:
    return [part for place, one in progress.items() for part in (place, one.model_dump_json(exclude_defaults=True))]


def _dump(model: BaseModel | None) -> str:
    return model.model_dump_json(exclude_defaults=True) if model else ""
