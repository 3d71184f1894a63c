"""`RedisJobStore`: keeps jobs and images on a Redis-compatible server. `FinishedStream`: reads ids of ended jobs."""

import json

from pydantic import BaseModel

from config.settings import JobSettings
from jobs.cursor import Cursor
from jobs.job import Ending, Job, JobData, JobSpec, JobStatus, NewJob, RequestPosition
from jobs.progress import Progress
from jobs.redis import keys
from jobs.redis.client import Client, Value
from jobs.redis.connection import storage
from jobs.redis.idempotency import RedisIdempotencyKeys
from jobs.redis.records import read_job, read_page
from jobs.redis.scripts import load_script
from jobs.store import ClaimOutcome, StageClaim
from pipelines.chunk import Chunk

TOMBSTONE_S = 3600
"""How long the store keeps the record of a job after its data are deleted."""


class RedisJobStore:
    """An implementation of `JobStore`. Thread-safe."""

    def __init__(self, client: Client, settings: JobSettings) -> None:
        self._redis = client
        self._settings = settings
        self.idempotency_keys = RedisIdempotencyKeys(client, "job")
        self._create = load_script(client, "create_job")
        self._claim_stage = load_script(client, "claim_stage")
        self._report_progress = load_script(client, "report_progress")
        self._complete_stage = load_script(client, "complete_stage")
        self._finish = load_script(client, "finish_job")
        self._cancel = load_script(client, "cancel_job")
        self._postpone = load_script(client, "postpone_job")
        self._erase = load_script(client, "erase_job")

    def create(self, job: NewJob) -> None:
        """See `JobStore.create`."""
        spec = job.spec
        life_s = spec.deadline_s + spec.ttl_s
        requests = [(request.custom_id, request.line) for request in job.requests]
        sent = {"sent_samples": job.sent_samples, "metadata": job.metadata, "requests": requests}
        data: dict[str, str | bytes] = {keys.sent(spec.id): json.dumps(sent), keys.chunk(spec.id): _dump(job.chunk)}
        data |= dict(zip(map(keys.blob, spec.blobs), job.images, strict=True))
        listed_at = spec.created_at if spec.group is None else ""
        times = [listed_at, spec.created_at + self._settings.stalled_after_s]
        oldest = spec.created_at - self._settings.max_life_s
        arguments = [spec.id, spec.model_dump_json(), life_s, life_s + TOMBSTONE_S, *times, oldest, *data.values()]
        with storage():
            self._create(keys=[keys.record(spec.id), keys.ACTIVE, keys.RECENT, *data], args=arguments)

    def find(self, job_id: str) -> Job | None:
        """See `JobStore.find`."""
        with storage():
            record = self._redis.hgetall(keys.record(job_id))
        return read_job(record) if record else None

    def data(self, job_id: str) -> JobData | None:
        """See `JobStore.data`."""
        with storage():
            sent, result = self._redis.mget(keys.sent(job_id), keys.result(job_id))
        if sent is None:
            return None
        kept = json.loads(sent)
        return JobData(
            sent_samples=kept["sent_samples"],
            metadata=kept["metadata"],
            requests=[RequestPosition(custom_id=name, line=line) for name, line in kept["requests"]],
            result=Chunk.model_validate_json(result) if result else None,
        )

    def image(self, blob: str) -> bytes | None:
        """See `JobStore.image`."""
        with storage():
            return self._redis.get(keys.blob(blob))

    def claim_stage(self, job_id: str, stage: int, now: float) -> StageClaim:
        """See `JobStore.claim_stage`."""
        touched = [keys.record(job_id), keys.ACTIVE, keys.chunk(job_id)]
        arguments: list[Value] = [job_id, stage, self._settings.attempts, now, now + self._settings.stalled_after_s]
        with storage():
            outcome, *rest = self._claim_stage(keys=touched, args=arguments)
        spec = JobSpec.model_validate_json(rest[0]) if rest else None
        chunk = Chunk.model_validate_json(rest[1]) if len(rest) > 1 else None
        return StageClaim(ClaimOutcome(outcome.decode()), spec, chunk)

    def report_progress(self, spec: JobSpec, progress: Progress) -> bool:
        """See `JobStore.report_progress`."""
        with storage():
            return bool(self._report_progress(keys=[keys.record(spec.id)], args=_pairs(progress)))

    def complete_stage(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float) -> None:
        """See `JobStore.complete_stage`."""
        arguments = [spec.id, chunk.done, now + self._settings.stalled_after_s, _dump(chunk), *_pairs(progress)]
        with storage():
            self._complete_stage(keys=[keys.record(spec.id), keys.ACTIVE, keys.chunk(spec.id)], args=arguments)

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float) -> bool:
        """See `JobStore.finish`."""
        touched = [keys.record(spec.id), keys.ACTIVE, keys.FINISHED]
        touched += [keys.chunk(spec.id), keys.result(spec.id), keys.sent(spec.id)]
        lives: list[Value] = [spec.ttl_s, spec.ttl_s + TOMBSTONE_S, int(spec.include_image)]
        outcome: list[Value] = [_dump(ending.result), _dump(ending.failure), ending.failed_items]
        arguments: list[Value] = [spec.id, ending.status.value, now, *lives, *outcome, *_pairs(progress)]
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
        data = [keys.sent(spec.id), keys.chunk(spec.id), keys.result(spec.id), *map(keys.blob, spec.blobs)]
        with storage():
            self._erase(keys=[*touched, *data], args=[spec.id, TOMBSTONE_S if tombstone else 0])
        if spec.idempotency_key is not None:
            self.idempotency_keys.unbind(spec.idempotency_key, spec.id)

    def dead_letter(self, spec: JobSpec, stage: int, now: float) -> None:
        """See `JobStore.dead_letter`."""
        services = ",".join(spec.stages[stage].services)
        letter: dict[str, Value] = {"job": spec.id, "stage": stage, "services": services, "time": now}
        with storage():
            self._redis.xadd(keys.DEAD_LETTERS, letter, maxlen=1000)

    def recent(self, limit: int, after: Cursor | None) -> tuple[list[Job], Cursor | None]:
        """See `JobStore.recent`."""
        with storage():
            listed = read_page(self._redis, keys.RECENT, limit, after)
            with self._redis.pipeline(transaction=False) as pipe:
                for cursor in listed:
                    pipe.hgetall(keys.record(cursor.id))
                records = pipe.execute()
        last = listed[-1] if len(listed) == limit else None
        return [read_job(record) for record in records if record], last

    def stalled(self, now: float, limit: int) -> list[str]:
        """See `JobStore.stalled`."""
        with storage():
            listed = self._redis.zrangebyscore(keys.ACTIVE, "-inf", now, start=0, num=limit)
        return [job_id.decode() for job_id in listed]

    def forget(self, job_id: str) -> None:
        """See `JobStore.forget`."""
        with storage():
            self._redis.zrem(keys.ACTIVE, job_id)

    def postpone(self, job_id: str, until: float) -> int:
        """See `JobStore.postpone`."""
        with storage():
            return int(self._postpone(keys=[keys.record(job_id), keys.ACTIVE], args=[job_id, until]))

    def memory_share(self) -> float:
        """How full the store is, in [0, 1]; 0 if it has no limit."""
        with storage():
            memory = self._redis.info("memory")
        share: float = memory["used_memory"] / memory["maxmemory"] if memory.get("maxmemory") else 0.0
        return share


class FinishedStream:
    """The stream of finished jobs: an implementation of `FinishedJobs`. For one thread."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._last = "0"

    def seek_end(self) -> None:
        """See `FinishedJobs.seek_end`."""
        with storage():
            newest = self._redis.xrevrange(keys.FINISHED, count=1)
        self._last = newest[0][0].decode() if newest else "0"

    def read(self, wait_s: float) -> list[str]:
        """See `FinishedJobs.read`; after a `StorageError` the next read continues where this one began."""
        with storage():
            answer = self._redis.xread({keys.FINISHED: self._last}, block=int(wait_s * 1000))
        entries = answer[0][1] if answer else []
        if entries:
            self._last = entries[-1][0].decode()
        return [fields[b"job"].decode() for _, fields in entries]


def _pairs(progress: Progress) -> list[Value]:
    return [
        part for index, service in progress.items() for part in (index, service.model_dump_json(exclude_defaults=True))
    ]


def _dump(model: BaseModel | None) -> str:
    return model.model_dump_json(exclude_defaults=True) if model else ""
