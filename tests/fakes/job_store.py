"""A job store in memory: a second implementation that passes the contract suite of the real one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import time
from uuid import uuid4

from config.settings import JobSettings
from jobs.cursor import Cursor
from jobs.errors import RecordUnreadable
from jobs.job import Ending, Job, JobData, JobSpec, JobStatus, NewJob
from jobs.progress import Progress, ServiceProgress, progress_of
from jobs.store import ClaimOutcome, StageClaim
from jobs.terms import NO_TERMS, Created, PhotoLimit, Terms
from jobs.webhooks.webhook import Delivery, DeliveryStatus
from pipelines.chunk import Chunk
from tests.fakes.idempotency import MemoryIdempotencyKeys


@dataclass
class _Held:
    """Who runs the stage of a job; see `claim_stage.lua`."""

    holder: str | None = None
    suspect: bool = False
    trying: int | None = None
    poisoned: tuple[int, ...] = ()


class _Kept:
    def __init__(self, job: NewJob) -> None:
        self.new = job
        self.status = JobStatus.QUEUED
        self.done = 0
        self.sent = False
        self.attempts: dict[int, int] = {}
        self.item_deaths: Counter[tuple[int, int]] = Counter()
        self.claim = ""
        self.held = _Held()
        self.progress: dict[int, ServiceProgress] = {}
        self.chunk: str | None = job.chunk.model_dump_json()
        self.data: JobData | None = JobData(job.sent_samples, job.metadata, job.requests, None)
        self.images = dict(zip(job.spec.blobs, job.images, strict=True))
        self.ending: Ending | None = None
        self.canceled = False
        self.late_at = time() + job.spec.deadline_s
        self.started_at: float | None = None
        self.finished_at: float | None = None


class MemoryJobStore:
    """A `JobStore`. What Redis expires by itself, it looks up in the clock.

    Attributes:
        live_workers: their names.
        dead_letters: of each, the job, the stage and the items.
        unreadable: jobs that `find` cannot read.
        set_aside_jobs: by `set_aside`.
    """

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        self._jobs: dict[str, _Kept] = {}
        self.idempotency_keys = MemoryIdempotencyKeys()
        self._active: dict[str, float] = {}
        self.live_workers: set[str] = set()
        self.dead_letters: list[tuple[str, int, tuple[int, ...]]] = []
        self.unreadable: set[str] = set()
        self.set_aside_jobs: list[str] = []

    def __len__(self) -> int:
        return sum(entry.status is not JobStatus.ERASED for entry in self._jobs.values())

    def now(self) -> float:
        return time()

    def create(self, job: NewJob, terms: Terms = NO_TERMS) -> Created:
        assert terms == NO_TERMS
        spec, bound = job.spec, Created(job.spec.id)
        if spec.idempotency_key is not None:
            bound = Created(*self.idempotency_keys.bind(spec.idempotency_key, job.fingerprint, spec.id, spec.ttl_s))
        if bound.id == spec.id and spec.id not in self._jobs:
            self._jobs[spec.id] = _Kept(job)
            self._active[spec.id] = self.now() + self._settings.stalled_after_s
        return bound

    def give_back(self, limits: Sequence[PhotoLimit], photos: int) -> None:
        raise AssertionError("nothing was taken")

    def confirm_sent(self, job_id: str) -> bool:
        if entry := self._jobs.get(job_id):
            entry.sent = True
        return entry is not None

    def withdraw(self, spec: JobSpec) -> None:
        if (entry := self._jobs.get(spec.id)) and not entry.sent:
            self.erase(spec, tombstone=False)

    def find(self, job_id: str) -> Job | None:
        if job_id in self.unreadable:
            raise RecordUnreadable("the record of a job cannot be read")
        entry = self._jobs.get(job_id)
        return self._view(entry) if entry else None

    def data(self, job_id: str) -> JobData | None:
        entry = self._jobs.get(job_id)
        return entry.data if entry and not self._expired(entry) else None

    def find_with_data(self, job_id: str) -> tuple[Job | None, JobData | None]:
        return self.find(job_id), self.data(job_id)

    def take(self, spec: JobSpec) -> tuple[Job | None, JobData | None]:
        found = self.find_with_data(spec.id)
        if found[0] is not None and found[0].status.over:
            self.erase(spec, tombstone=False)
        return found

    def image(self, blob: str) -> bytes | None:
        entry = self._jobs.get(blob.partition(":")[0])
        return entry.images.get(blob) if entry and not self._expired(entry) else None

    def claim_stage(self, job_id: str, stage: int, worker: str, now: float, *, alone: bool = False) -> StageClaim:
        entry = self._jobs.get(job_id)
        if entry is None or entry.status.over:
            return StageClaim(ClaimOutcome.OVER)
        spec, held = entry.new.spec, entry.held
        if entry.canceled:
            return StageClaim(ClaimOutcome.CANCELED, spec)
        if entry.done > stage:
            return StageClaim(ClaimOutcome.DONE, spec)
        if self.now() >= entry.late_at:
            return StageClaim(ClaimOutcome.LATE, spec)
        died = held.holder not in (None, worker)
        if held.holder in self.live_workers and died:
            return StageClaim(ClaimOutcome.HELD, spec)
        if (died or held.suspect) and not alone:
            return StageClaim(ClaimOutcome.ALONE, spec)
        if died and held.trying is not None:
            entry.item_deaths[stage, held.trying] += 1
            if entry.item_deaths[stage, held.trying] >= self._settings.most_item_deaths:
                held.poisoned += (held.trying,)
        elif died or held.holder is None:
            entry.attempts[stage] = entry.attempts.get(stage, 0) + 1
        entry.held = held = _Held(worker, held.suspect or died, None, held.poisoned)
        entry.claim = uuid4().hex
        if entry.attempts[stage] > self._settings.most_attempts:
            return StageClaim(ClaimOutcome.POISONED, spec)
        entry.status = JobStatus.RUNNING
        entry.sent = True
        entry.started_at = entry.started_at or now
        self._active[job_id] = now + self._settings.stalled_after_s
        assert entry.chunk is not None
        chunk = Chunk.model_validate_json(entry.chunk)
        return StageClaim(ClaimOutcome.GO, spec, chunk, entry.claim, alone, held.poisoned)

    def try_item(self, spec: JobSpec, item: int, claim_id: str) -> bool:
        entry = self._running(spec, claim_id)
        if entry is None or entry.canceled:
            return False
        entry.held.trying = item
        return True

    def report_progress(self, spec: JobSpec, progress: Progress, claim_id: str) -> bool:
        entry = self._running(spec, claim_id)
        if entry is None:
            return False
        entry.progress |= progress
        return not entry.canceled

    def complete_stage(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float, claim_id: str) -> bool:
        entry = self._running(spec, claim_id)
        if entry is None:
            return False
        if entry.done < chunk.done:
            entry.done = chunk.done
            entry.held = _Held()
            entry.chunk = chunk.model_dump_json()
            entry.progress |= progress
            self._active[spec.id] = now + self._settings.stalled_after_s
        return True

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float, claim_id: str = "") -> bool:
        entry = self._jobs.get(spec.id)
        if entry is None or entry.status.over or entry.data is None or (claim_id and claim_id != entry.claim):
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
            self.idempotency_keys.expire(spec.idempotency_key, spec.id, 0)
        if entry := self._jobs.get(spec.id):
            entry.status, entry.data, entry.chunk, entry.ending, entry.done = JobStatus.ERASED, None, None, None, 0
            entry.finished_at = entry.started_at = None
            entry.images.clear()
            entry.progress.clear()
            self._active.pop(spec.id, None)
            if not tombstone:
                del self._jobs[spec.id]

    def listed(self, limit: int, owner: str | None) -> list[str]:
        kept = [one.new.spec for one in self._jobs.values() if one.status is not JobStatus.ERASED]
        return [spec.id for spec in kept if spec.group is None and owner in (None, spec.owner)][:limit]

    def lists(self, job_id: str, owner: str) -> bool:
        return job_id in self.listed(len(self._jobs), owner)

    def erase_unreadable(self, job_id: str, owner: str | None = None) -> None:
        self._jobs.pop(job_id, None)
        self._active.pop(job_id, None)

    def dead_letter(self, spec: JobSpec, stage: int, items: Sequence[int], now: float) -> None:
        self.dead_letters.append((spec.id, stage, tuple(items)))

    def recent(self, limit: int, after: Cursor | None, owner: str | None = None) -> tuple[list[Job], Cursor | None]:
        listed = [
            one
            for one in self._jobs.values()
            if one.status is not JobStatus.ERASED and one.new.spec.group is None and owner in (None, one.new.spec.owner)
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

    def set_aside(self, job_id: str) -> None:
        self.forget(job_id)
        self.set_aside_jobs.append(job_id)

    def postpone(self, job_id: str, until: float) -> None:
        if job_id in self._active:
            self._active[job_id] = until

    def _running(self, spec: JobSpec, claim_id: str) -> _Kept | None:
        entry = self._jobs.get(spec.id)
        return entry if entry and entry.status is JobStatus.RUNNING and entry.claim == claim_id else None

    def _expired(self, entry: _Kept) -> bool:
        return entry.finished_at is not None and entry.finished_at + entry.new.spec.ttl_s <= time()

    def _delivery(self, entry: _Kept) -> Delivery | None:
        if not entry.new.spec.webhook:
            return None
        if entry.finished_at is None:
            return Delivery(DeliveryStatus.WAITING)
        return Delivery(DeliveryStatus.PENDING, next_at=entry.finished_at)

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
            late_at=entry.late_at,
            sent=entry.sent,
            delivery=self._delivery(entry),
        )
