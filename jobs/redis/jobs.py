"""Jobs and their images on the server."""

import json

from pydantic import BaseModel

from config.settings import JobSettings
from jobs.job import ClaimOutcome, Ending, Job, JobData, JobSpec, JobStatus, NewJob, Place, Progress, StageClaim
from jobs.redis import keys
from jobs.redis.connection import Client, storage
from jobs.redis.idempotency import RedisIdempotencyKeys
from jobs.redis.listing import latest
from jobs.redis.records import read_job
from jobs.redis.scripts import BEGIN, CANCEL, CREATE, END, ERASE, FINISH, NOTE, POSTPONE
from pipelines.chunk import Chunk

TOMBSTONE_S = 3600
"""For how long a job that is gone is told from one that never was."""


class RedisJobStore:
    """A `JobStore`. Thread-safe."""

    def __init__(self, client: Client, settings: JobSettings) -> None:
        self._redis = client
        self._settings = settings
        self.claims = RedisIdempotencyKeys(client, "job")
        self._create = client.register_script(CREATE)
        self._begin = client.register_script(BEGIN)
        self._note = client.register_script(NOTE)
        self._end = client.register_script(END)
        self._finish = client.register_script(FINISH)
        self._cancel = client.register_script(CANCEL)
        self._postpone = client.register_script(POSTPONE)
        self._erase = client.register_script(ERASE)

    def create(self, job: NewJob) -> None:
        """See `JobStore.create`."""
        spec = job.spec
        life_s = spec.deadline_s + spec.ttl_s
        given = json.dumps({"givens": job.givens, "metadata": job.metadata})
        touched = [keys.record(spec.id), keys.ACTIVE, keys.RECENT]
        data: dict[str, str | bytes] = {keys.given(spec.id): given, keys.chunk(spec.id): _dump(job.chunk)}
        data |= dict(zip(map(keys.blob, spec.blobs), job.images, strict=True))
        listed_at = spec.created_at if spec.batch is None else ""
        times = [listed_at, spec.created_at + self._settings.stalled_after_s]
        oldest = spec.created_at - self._settings.max_life_s
        arguments = [spec.id, spec.model_dump_json(), life_s, life_s + TOMBSTONE_S, *times, oldest, *data.values()]
        with storage():
            self._create(keys=[*touched, *data], args=arguments)

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

    def begin(self, job_id: str, stage: int, now: float) -> StageClaim:
        """See `JobStore.begin`."""
        arguments = [job_id, stage, self._settings.attempts, now, now + self._settings.stalled_after_s]
        with storage():
            verdict, *rest = self._begin(keys=[keys.record(job_id), keys.ACTIVE, keys.chunk(job_id)], args=arguments)
        spec = JobSpec.model_validate_json(rest[0]) if rest else None
        chunk = Chunk.model_validate_json(rest[1]) if len(rest) > 1 else None
        return StageClaim(ClaimOutcome(verdict.decode()), spec, chunk)

    def note(self, spec: JobSpec, progress: Progress) -> bool:
        """See `JobStore.note`."""
        with storage():
            return bool(self._note(keys=[keys.record(spec.id)], args=_pairs(progress)))

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
        outcome = [_dump(ending.result), _dump(ending.failure), ending.dead]
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
        if spec.claim is not None:
            self.claims.release(spec.claim, spec.id)

    def dead_letter(self, spec: JobSpec, stage: int, now: float) -> None:
        """See `JobStore.dead_letter`."""
        letter = {"job": spec.id, "stage": stage, "services": ",".join(spec.stages[stage].services), "time": now}
        with storage():
            self._redis.xadd(keys.DEAD_LETTERS, letter, maxlen=1000)

    def recent(self, limit: int, after: Place | None) -> tuple[list[Job], Place | None]:
        """See `JobStore.recent`."""
        with storage():
            listed = latest(self._redis, keys.RECENT, limit, after)
            with self._redis.pipeline(transaction=False) as pipe:
                for place in listed:
                    pipe.hgetall(keys.record(place.job_id))
                records = pipe.execute()
        last = listed[-1] if len(listed) == limit else None
        return [read_job(record) for record in records if record], last

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
