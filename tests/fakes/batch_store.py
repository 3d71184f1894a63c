"""A batch store in memory: a second implementation that passes the contract suite of the real one."""

from time import time

from jobs.batches.batch import Batch, BatchJob, BatchSpec, Refusal
from jobs.cursor import Cursor
from jobs.store import JobStore
from jobs.webhooks.webhook import Webhook
from tests.fakes.idempotency import MemoryIdempotencyKeys


class _Kept:
    def __init__(self, spec: BatchSpec) -> None:
        self.spec = spec
        self.jobs: list[tuple[str, int]] = []
        self.refusals: list[Refusal] = []
        self.touched_at = spec.created_at
        self.sealed_at: float | None = None
        self.canceled_at: float | None = None
        self.erased = False
        self.body_digest = ""


class MemoryBatchStore:
    """A `BatchStore` whose jobs are in another store."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._batches: dict[str, _Kept] = {}
        self._open: set[str] = set()
        self.idempotency_keys = MemoryIdempotencyKeys()

    def now(self) -> float:
        return time()

    def create(self, spec: BatchSpec, webhook: Webhook | None = None) -> int:
        self._batches[spec.id] = _Kept(spec)
        self._open.add(spec.id)
        return len(self._open)

    def touch(self, spec: BatchSpec, now: float) -> bool:
        return self._taking(spec, now) is not None

    def add_job(self, spec: BatchSpec, job_id: str, requests: int, now: float) -> bool:
        if entry := self._taking(spec, now):
            entry.jobs.append((job_id, requests))
        return entry is not None

    def add_refusal(self, spec: BatchSpec, refusal: Refusal, now: float) -> bool:
        if entry := self._taking(spec, now):
            entry.refusals.append(refusal)
        return entry is not None

    def seal(self, spec: BatchSpec, now: float, body_digest: str = "") -> bool:
        if entry := self._taking(spec, now):
            entry.sealed_at, entry.body_digest = now, body_digest
        return entry is not None

    def cancel(self, batch_id: str, now: float) -> None:
        entry = self._batches.get(batch_id)
        if entry and not entry.erased:
            entry.canceled_at = entry.canceled_at or now

    def find(self, batch_id: str) -> Batch | None:
        entry = self._batches.get(batch_id)
        if entry is None:
            return None
        if entry.erased:
            return Batch(entry.spec, erased=True)
        jobs = [BatchJob(job_id, requests, self._jobs.find(job_id)) for job_id, requests in entry.jobs]
        recorded = (len(entry.refusals), entry.touched_at, entry.sealed_at, entry.canceled_at)
        return Batch(entry.spec, jobs, *recorded, body_digest=entry.body_digest)

    def refusals(self, batch_id: str, start: int, limit: int) -> list[Refusal]:
        entry = self._batches.get(batch_id)
        if entry is None or entry.erased or max(entry.touched_at, entry.sealed_at or 0) + entry.spec.ttl_s <= time():
            return []
        return entry.refusals[start : start + limit]

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        self.close(spec.id)
        if spec.idempotency_key is not None:
            self.idempotency_keys.expire(spec.idempotency_key, spec.id, 0)
        if (entry := self._batches.pop(spec.id, None)) and tombstone:
            entry.erased = True
            self._batches[spec.id] = entry

    def job_ids(self, batch_id: str) -> list[str]:
        entry = self._batches.get(batch_id)
        return [job_id for job_id, _ in entry.jobs] if entry else []

    def lists(self, batch_id: str, owner: str) -> bool:
        return batch_id in self.recent(len(self._batches) + 1, None, owner)[0]

    def erase_unreadable(self, batch_id: str, owner: str | None = None) -> None:
        self.close(batch_id)
        self._batches.pop(batch_id, None)

    def recent(self, limit: int, after: Cursor | None, owner: str | None = None) -> tuple[list[str], Cursor | None]:
        below = (after.created_at, after.id) if after else (float("inf"), "")
        there = [
            entry.spec for entry in self._batches.values() if not entry.erased and owner in (None, entry.spec.owner)
        ]
        page = sorted([(spec.created_at, spec.id) for spec in there if (spec.created_at, spec.id) < below])[::-1][
            :limit
        ]
        return [batch_id for _, batch_id in page], Cursor(*page[-1]) if len(page) == limit else None

    def open(self) -> list[str]:
        return sorted(self._open)

    def close(self, batch_id: str) -> None:
        self._open.discard(batch_id)

    def _taking(self, spec: BatchSpec, now: float) -> _Kept | None:
        entry = self._batches.get(spec.id)
        if entry is None or entry.erased or entry.sealed_at is not None or entry.canceled_at is not None:
            return None
        if entry.touched_at < now - spec.silence_s:
            return None
        entry.touched_at = now
        return entry
