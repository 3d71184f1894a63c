"""A job store in memory: a second implementation that passes the contract suite of the real one."""

from dataclasses import replace
from time import time

from config.settings import JobSettings
from jobs.cursor import Cursor
from jobs.job import Ending, Job, JobData, JobSpec, JobStatus, NewJob
from jobs.progress import Progress, ServiceProgress, progress_of
from jobs.store import ClaimOutcome, StageClaim
from pipelines.chunk import Chunk
from tests.fakes.idempotency import MemoryIdempotencyKeys


class _Kept:
    def __init__(self, job: NewJob) -> None:
        self.new = job
        self.status = JobStatus.QUEUED
        self.done = 0
        self.attempts: dict[int, int] = {}
        self.progress: dict[int, ServiceProgress] = {}
        self.chunk: str | None = job.chunk.model_dump_json()
        self.data: JobData | None = JobData(job.sent_samples, job.metadata, job.requests, None)
        self.images = dict(zip(job.spec.blobs, job.images, strict=True))
        self.ending: Ending | None = None
        self.canceled = False
        self.postponed = 0
        self.started_at: float | None = None
        self.finished_at: float | None = None


class MemoryJobStore:
    """A `JobStore`. What Redis expires by itself, it looks up in the clock."""

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        self._jobs: dict[str, _Kept] = {}
        self.idempotency_keys = MemoryIdempotencyKeys()
        self._active: dict[str, float] = {}
        self.dead_letters: list[tuple[str, int]] = []

    def __len__(self) -> int:
        return sum(entry.status is not JobStatus.ERASED for entry in self._jobs.values())

    def create(self, job: NewJob) -> None:
        self._jobs[job.spec.id] = _Kept(job)
        self._active[job.spec.id] = job.spec.created_at + self._settings.stalled_after_s

    def find(self, job_id: str) -> Job | None:
        entry = self._jobs.get(job_id)
        return self._view(entry) if entry else None

    def data(self, job_id: str) -> JobData | None:
        entry = self._jobs.get(job_id)
        return entry.data if entry and not self._expired(entry) else None

    def image(self, blob: str) -> bytes | None:
        entry = self._jobs.get(blob.partition(":")[0])
        return entry.images.get(blob) if entry and not self._expired(entry) else None

    def claim_stage(self, job_id: str, stage: int, now: float) -> StageClaim:
        entry = self._jobs.get(job_id)
        if entry is None or entry.status.over:
            return StageClaim(ClaimOutcome.OVER)
        if entry.canceled:
            return StageClaim(ClaimOutcome.CANCELED, entry.new.spec)
        if entry.done > stage:
            return StageClaim(ClaimOutcome.DONE, entry.new.spec)
        entry.attempts[stage] = entry.attempts.get(stage, 0) + 1
        if entry.attempts[stage] > self._settings.attempts:
            return StageClaim(ClaimOutcome.POISONED, entry.new.spec)
        entry.status = JobStatus.RUNNING
        entry.postponed = 0
        entry.started_at = entry.started_at or now
        self._active[job_id] = now + self._settings.stalled_after_s
        assert entry.chunk is not None
        return StageClaim(ClaimOutcome.GO, entry.new.spec, Chunk.model_validate_json(entry.chunk))

    def report_progress(self, spec: JobSpec, progress: Progress) -> bool:
        entry = self._jobs.get(spec.id)
        if entry is None or entry.status is not JobStatus.RUNNING:
            return False
        entry.progress |= progress
        return not entry.canceled

    def complete_stage(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float) -> None:
        entry = self._jobs.get(spec.id)
        if entry and entry.status is JobStatus.RUNNING and entry.done < chunk.done:
            entry.done = chunk.done
            entry.chunk = chunk.model_dump_json()
            entry.progress |= progress
            self._active[spec.id] = now + self._settings.stalled_after_s

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float) -> bool:
        entry = self._jobs.get(spec.id)
        if entry is None or entry.status.over or entry.data is None:
            return False
        if entry.canceled and ending.status is JobStatus.SUCCEEDED:
            ending = Ending(JobStatus.CANCELED)
        entry.status, entry.ending, entry.finished_at = ending.status, ending, now
        entry.progress |= progress
        entry.data = replace(entry.data, result=ending.result)
        entry.chunk = None
        if not spec.include_image:
            entry.images.clear()
        self._active.pop(spec.id, None)
        return True

    def cancel(self, job_id: str, now: float) -> None:
        entry = self._jobs.get(job_id)
        if entry and entry.status is JobStatus.QUEUED:
            self.finish(entry.new.spec, Ending(JobStatus.CANCELED), {}, now)
        elif entry:
            entry.canceled = True

    def erase(self, spec: JobSpec, *, tombstone: bool) -> None:
        if spec.idempotency_key is not None:
            self.idempotency_keys.unbind(spec.idempotency_key, spec.id)
        if entry := self._jobs.get(spec.id):
            entry.status, entry.data, entry.chunk, entry.ending, entry.done = JobStatus.ERASED, None, None, None, 0
            entry.finished_at = entry.started_at = None
            entry.images.clear()
            entry.progress.clear()
            self._active.pop(spec.id, None)
            if not tombstone:
                del self._jobs[spec.id]

    def dead_letter(self, spec: JobSpec, stage: int, now: float) -> None:
        self.dead_letters.append((spec.id, stage))

    def recent(self, limit: int, after: Cursor | None) -> tuple[list[Job], Cursor | None]:
        listed = [
            one for one in self._jobs.values() if one.status is not JobStatus.ERASED and one.new.spec.group is None
        ]
        listed_at = {(entry.new.spec.created_at, entry.new.spec.id): entry for entry in listed}
        below = (after.created_at, after.id) if after else (float("inf"), "")
        page = sorted((one for one in listed_at if one < below), reverse=True)[:limit]
        return [self._view(listed_at[one]) for one in page], Cursor(*page[-1]) if len(page) == limit else None

    def stalled(self, now: float, limit: int) -> list[str]:
        return sorted((job_id for job_id, at in self._active.items() if at <= now), key=self._active.__getitem__)[
            :limit
        ]

    def forget(self, job_id: str) -> None:
        self._active.pop(job_id, None)

    def postpone(self, job_id: str, until: float) -> int:
        if job_id not in self._active:
            return 0
        self._active[job_id] = until
        self._jobs[job_id].postponed += 1
        return self._jobs[job_id].postponed

    def _expired(self, entry: _Kept) -> bool:
        return entry.finished_at is not None and entry.finished_at + entry.new.spec.ttl_s <= time()

    def _view(self, entry: _Kept) -> Job:
        spec = entry.new.spec
        status = JobStatus.EXPIRED if self._expired(entry) else entry.status
        running_stage = spec.stages[entry.done] if entry.done in entry.attempts else None
        return Job(
            spec=spec,
            status=status,
            services=progress_of(spec.plan, entry.progress, running_stage, over=status.over),
            done=entry.done,
            failed_items=entry.ending.failed_items if entry.ending else 0,
            failure=entry.ending.failure if entry.ending else None,
            started_at=entry.started_at,
            finished_at=entry.finished_at,
            expires_at=entry.finished_at + spec.ttl_s if entry.finished_at else None,
        )
