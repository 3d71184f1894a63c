"""The intake of one batch: its requests become jobs while its body is still coming in."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from logging import getLogger
from time import monotonic

from jobs.batches.batch import BatchSpec, BatchStatus, Refusal
from jobs.batches.body import BatchBody
from jobs.batches.job_builder import JobBuilder
from jobs.batches.requests import BatchRequest
from jobs.batches.service import BatchService
from jobs.errors import AllowanceUsedUp, DuplicateCustomId, JobFailed, Overloaded, PayloadTooLarge, detail_of
from jobs.factory import JobFactory
from jobs.job import JobSpec, JobStatus, NewJob, RequestPosition
from jobs.service import JobService
from jobs.submission_thread import SubmissionThread
from metrics import api as metrics
from models.errors import InvalidRequest
from pipelines.errors import Detail, InvalidSample

log = getLogger(__name__)

RETRY_EVERY_S = 0.25
"""How often a batch without room for its next job is tried again."""
TOUCH_EVERY_S = 5.0
"""How often a batch whose body comes in reports progress."""


class BatchClosed(Exception):
    """The batch takes nothing in any more: it was canceled or erased, or its intake counts as gone."""


class BatchIntake:
    """Takes in the requests of one batch. For one task of an event loop.

    Args:
        spec: of the batch, which was just opened.
        body: of its request.
        batches: has the batch.
        jobs: submits its jobs.
        factory: makes its jobs.
        thread: in which jobs are submitted.
    """

    def __init__(
        self,
        spec: BatchSpec,
        body: BatchBody,
        batches: BatchService,
        jobs: JobService,
        factory: JobFactory,
        thread: SubmissionThread,
    ) -> None:
        self._spec = spec
        self._body = body
        self._batches = batches
        self._bounds = batches.settings
        self._jobs = jobs
        self._thread = thread
        self._builder = JobBuilder(factory, spec, self._bounds.chunk, batches.now)
        self._lines: dict[str, int] = {}
        self._requests = 0
        self._latest: JobSpec | None = None
        self._touched = monotonic()

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """The parts of the body as they come in; meanwhile the batch reports progress.

        Raises:
            UploadStalled: no part came for too long.
            BatchClosed: the batch takes nothing in any more.
        """
        store = self._batches.store
        async for part in self._body.parts():
            if monotonic() - self._touched > TOUCH_EVERY_S:
                self._touched = monotonic()
                _require_open(await asyncio.to_thread(lambda: store.touch(self._spec, store.now())))
            yield part

    async def take(self, requests: AsyncIterator[BatchRequest]) -> None:
        """Make jobs of the requests of the body and submit them. If that fails, the batch is erased.

        Raises:
            InvalidSample: there are no requests.
            PayloadTooLarge: there are too many requests, or the body is too large.
            Overloaded: there was no room for all requests.
            JobFailed: the batch was erased meanwhile.
            FacelineError: as reading the requests does.
        """
        taken = False
        try:
            await self._take(requests)
            taken = True
        except BatchClosed:
            taken = await asyncio.to_thread(self._end_early)
            if not taken:
                raise JobFailed("the batch was erased while it came in", JobStatus.ERASED) from None
        finally:
            # Also when the caller closed the connection, which cancels this task.
            if not taken:
                await asyncio.to_thread(self._discard)

    async def _take(self, requests: AsyncIterator[BatchRequest]) -> None:
        started, store = monotonic(), self._batches.store
        async for request in requests:
            self._requests += 1
            if self._requests > self._bounds.requests:
                message = f"the batch has more than the {self._bounds.requests} requests allowed: split it"
                raise PayloadTooLarge(message)
            if job := await asyncio.to_thread(self._add, request):
                await self._submit(job)
        if not self._requests:
            message = "the body has no requests: send at least one line or image"
            raise InvalidSample([Detail(loc=[], msg=message, type="too_short")])
        if job := await asyncio.to_thread(self._builder.flush):
            await self._submit(job)
        _require_open(await asyncio.to_thread(lambda: store.seal(self._spec, store.now(), self._body.digest)))
        took_ms = round((monotonic() - started) * 1000)
        log.info("batch received", extra={"batch": self._spec.id, "requests": self._requests, "ms": took_ms})

    def _add(self, request: BatchRequest) -> NewJob | None:
        try:
            if isinstance(request.content, InvalidRequest):
                raise request.content
            assert request.custom_id is not None, "a request that can be submitted has a custom id"
            first = self._lines.setdefault(request.custom_id, request.line)
            if first != request.line:
                raise DuplicateCustomId(f"line {first} has the same custom_id: give each request its own")
            position = RequestPosition(custom_id=request.custom_id, line=request.line)
            return self._builder.add(request.content, position)
        except InvalidRequest as error:
            refusal = Refusal(line=request.line, custom_id=request.custom_id, type=error.type, detail=detail_of(error))
            metrics.BATCH_REFUSALS.inc()
            _require_open(self._batches.store.add_refusal(self._spec, refusal, self._batches.now()))
            return None

    async def _submit(self, job: NewJob) -> None:
        # Recorded before the job exists, so that the batch knows all its jobs.
        requests = len(job.chunk.items)
        store = self._batches.store
        _require_open(await asyncio.to_thread(lambda: store.add_job(self._spec, job.spec.id, requests, store.now())))
        self._latest = job.spec
        ends = monotonic() + self._bounds.patience_s
        while True:
            try:
                await asyncio.to_thread(self._batches.require_room)
                await self._thread.run(self._jobs.submit, job)
            except Overloaded as error:
                # The body is not read meanwhile, so the caller has to wait before it sends more.
                room_at = monotonic() + (error.retry_after_s or 0 if isinstance(error, AllowanceUsedUp) else 0)
                if room_at > ends:
                    raise
                await asyncio.sleep(RETRY_EVERY_S)
            else:
                return

    def _end_early(self) -> bool:
        """End the batch that was closed while it came in; False if it was erased."""
        batch = self._batches.refresh(self._spec.id)
        if batch is not None and batch.canceled_at is not None:
            self._batches.cancel(self._spec.id)
            return True
        if self._latest is not None:  # it may have been created after all others were erased
            self._batches.jobs.erase(self._latest, tombstone=False)
        return False

    def _discard(self) -> None:
        batch = self._batches.refresh(self._spec.id)
        if batch is not None and batch.status(self._batches.now()) not in (BatchStatus.ERASED, BatchStatus.FAILED):
            self._batches.discard(self._spec)


def _require_open(taken: bool) -> None:
    if not taken:
        raise BatchClosed
