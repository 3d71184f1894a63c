"""A batch store in memory: a second implementation that passes the contract suite of the real one."""

from time import time

from jobs.batches.batch import Batch, BatchSpec, Part, Refusal
from jobs.job import Place
from jobs.store import JobStore
from tests.fakes.idempotency import MemoryClaims


class _Entry:
    def __init__(self, spec: BatchSpec) -> None:
        self.spec = spec
        self.parts: list[tuple[str, int]] = []
        self.refusals: list[Refusal] = []
        self.touched_at = spec.created_at
        self.sealed_at: float | None = None
        self.canceled_at: float | None = None
        self.erased = False


class MemoryBatchStore:
    """A `BatchStore` whose jobs are in another store."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._batches: dict[str, _Entry] = {}
        self._open: set[str] = set()
        self.claims = MemoryClaims()

    def create(self, spec: BatchSpec) -> int:
        self._batches[spec.id] = _Entry(spec)
        self._open.add(spec.id)
        return len(self._open)

    def touch(self, spec: BatchSpec, now: float) -> bool:
        return self._taking(spec, now) is not None

    def add(self, spec: BatchSpec, job_id: str, samples: int, now: float) -> bool:
        if entry := self._taking(spec, now):
            entry.parts.append((job_id, samples))
        return entry is not None

    def refuse(self, spec: BatchSpec, refusal: Refusal, now: float) -> bool:
        if entry := self._taking(spec, now):
            entry.refusals.append(refusal)
        return entry is not None

    def seal(self, spec: BatchSpec, now: float) -> bool:
        if entry := self._taking(spec, now):
            entry.sealed_at = now
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
        parts = [Part(job_id, samples, self._jobs.find(job_id)) for job_id, samples in entry.parts]
        noted = (len(entry.refusals), entry.touched_at, entry.sealed_at, entry.canceled_at)
        return Batch(entry.spec, parts, *noted)

    def refusals(self, batch_id: str, start: int, limit: int) -> list[Refusal]:
        entry = self._batches.get(batch_id)
        if entry is None or entry.erased or max(entry.touched_at, entry.sealed_at or 0) + entry.spec.ttl_s <= time():
            return []
        return entry.refusals[start : start + limit]

    def erase(self, spec: BatchSpec, *, tombstone: bool) -> None:
        self.close(spec.id)
        if spec.claim is not None:
            self.claims.release(spec.claim, spec.id)
        if (entry := self._batches.pop(spec.id, None)) and tombstone:
            entry.erased = True
            self._batches[spec.id] = entry

    def recent(self, limit: int, after: Place | None) -> tuple[list[str], Place | None]:
        below = (after.created_at, after.job_id) if after else (float("inf"), "")
        there = [entry.spec for entry in self._batches.values() if not entry.erased]
        page = sorted([(spec.created_at, spec.id) for spec in there if (spec.created_at, spec.id) < below])[::-1][
            :limit
        ]
        return [batch_id for _, batch_id in page], Place(*page[-1]) if len(page) == limit else None

    def open(self) -> list[str]:
        return sorted(self._open)

    def close(self, batch_id: str) -> None:
        self._open.discard(batch_id)

    def _taking(self, spec: BatchSpec, now: float) -> _Entry | None:
        entry = self._batches.get(spec.id)
        if entry is None or entry.erased or entry.sealed_at is not None or entry.canceled_at is not None:
            return None
        if entry.touched_at < now - spec.silence_s:
            return None
        entry.touched_at = now
        return entry
