"""A batch on its way in: its requests become jobs while its body is still being read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from logging import getLogger
from time import monotonic, time

from api.errors import JobFailed, UploadStalled, detail_of
from api.front import Front
from jobs.batches.batch import BatchSpec, BatchStatus, Refusal
from jobs.batches.entries import Entry
from jobs.batches.gathering import Gatherer
from jobs.errors import Overloaded, PayloadTooLarge
from jobs.job import JobSpec, NewJob
from models.errors import InvalidRequest
from pipelines.errors import Detail, InvalidSample

log = getLogger(__name__)

LOOK_EVERY_S = 0.25
"""How often a batch that finds no room looks again."""
TOUCH_EVERY_S = 5.0
"""How often a body that is still coming in shows that it is."""


class BatchClosed(Exception):
    """The batch takes nothing more in: somebody canceled or erased it, or took it for abandoned."""


class DuplicateCustomId(InvalidRequest):
    """Two requests of a batch have the same custom id."""

    type = "duplicate_custom_id"


class BatchIntake:
    """Takes one batch in. For one task.

    Args:
        front: of this process.
        spec: of the batch, which was just opened.
    """

    def __init__(self, front: Front, spec: BatchSpec) -> None:
        self._front = front
        self._spec = spec
        self._bounds = front.settings.batches
        self._gatherer = Gatherer(front.intake, spec, self._bounds.chunk)
        self._lines: dict[str, int] = {}
        self._requests = 0
        self._latest: JobSpec | None = None
        self._touched = monotonic()

    async def watched(self, parts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """A body as it comes in; the batch shows life as long as it does.

        Raises:
            UploadStalled: it does not come on.
            BatchClosed: the batch takes nothing more in.
        """
        while True:
            try:
                async with asyncio.timeout(self._bounds.patience_s):
                    part = await anext(parts, None)
            except TimeoutError as error:
                raise UploadStalled(f"nothing of the body came for {self._bounds.patience_s:g} s") from error
            if part is None:
                return
            if monotonic() - self._touched > TOUCH_EVERY_S:
                self._touched = monotonic()
                self._require(await asyncio.to_thread(self._front.batches.store.touch, self._spec, time()))
            yield part

    async def take(self, entries: AsyncIterator[Entry]) -> None:
        """Make jobs of requests and send them; where it fails, nothing of the batch is left.

        Raises:
            InvalidSample: there are no requests.
            PayloadTooLarge: there are too many, or too much in them.
            Overloaded: there was no room for them all.
            JobFailed: somebody erased the batch.
            FacelineError: as reading the entries does.
        """
        taken = False
        try:
            await self._take(entries)
            taken = True
        except BatchClosed:
            taken = await asyncio.to_thread(self._end_early)
            if not taken:
                raise JobFailed("the batch was erased while it came in", "erased") from None
        finally:
            # Whatever went wrong, down to a caller that hung up.
            if not taken:
                await asyncio.to_thread(self._discard)

    async def _take(self, entries: AsyncIterator[Entry]) -> None:
        started = monotonic()
        async for entry in entries:
            self._requests += 1
            if self._requests > self._bounds.requests:
                raise PayloadTooLarge(f"the batch has more than the {self._bounds.requests} requests allowed")
            if job := await asyncio.to_thread(self._gather, entry):
                await self._send(job)
        if not self._requests:
            raise InvalidSample([Detail(loc=[], msg="there are no requests in it", type="too_short")])
        if job := await asyncio.to_thread(self._gatherer.flush):
            await self._send(job)
        self._require(await asyncio.to_thread(self._front.batches.store.seal, self._spec, time()))
        took_ms = round((monotonic() - started) * 1000)
        log.info("batch taken in", extra={"batch": self._spec.id, "requests": self._requests, "ms": took_ms})

    def _gather(self, entry: Entry) -> NewJob | None:
        try:
            if isinstance(entry.asked, InvalidRequest):
                raise entry.asked
            assert entry.custom_id is not None, "only what is wrong lacks one"
            first = self._lines.setdefault(entry.custom_id, entry.line)
            if first != entry.line:
                raise DuplicateCustomId(f"line {first} has the same custom_id")
            return self._gatherer.add(entry.asked, entry.custom_id, entry.line)
        except InvalidRequest as error:
            refusal = Refusal(line=entry.line, custom_id=entry.custom_id, type=error.type, detail=detail_of(error))
            self._require(self._front.batches.store.refuse(self._spec, refusal, time()))
            return None

    async def _send(self, job: NewJob) -> None:
        # Noted before it exists: so there is no job of a batch that the batch does not know.
        samples = len(job.chunk.items)
        store = self._front.batches.store
        self._require(await asyncio.to_thread(store.add, self._spec, job.spec.id, samples, time()))
        self._latest = job.spec
        ends = monotonic() + self._bounds.patience_s
        while True:
            try:
                await require_room(self._front)
                await self._front.publisher.publish(lambda: job)
            except Overloaded:
                # Meanwhile the body is not read on, and its sender waits too.
                if monotonic() > ends:
                    raise
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                return

    def _end_early(self) -> bool:
        batch = self._front.batches.find(self._spec.id)
        if batch is not None and batch.canceled_at is not None:
            self._front.batches.cancel(self._spec.id)
            return True
        if self._latest is not None:  # it may have come to be after all others were erased
            self._front.store.erase(self._latest, tombstone=False)
        return False

    def _discard(self) -> None:
        batch = self._front.batches.find(self._spec.id)
        if batch is not None and batch.status(time()) not in (BatchStatus.ERASED, BatchStatus.FAILED):
            self._front.batches.erase(self._spec, tombstone=False)

    def _require(self, taken: bool) -> None:
        if not taken:
            raise BatchClosed


async def require_room(front: Front) -> None:
    """Make sure that the store has room for batches.

    Raises:
        Overloaded: what is left of it is for single jobs.
    """
    if await asyncio.to_thread(front.presence.memory_share) >= front.settings.batches.store_share:
        raise Overloaded("the deployment is busy: come back later")
