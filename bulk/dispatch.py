"""Sends chunks to an executor, a bounded number at a time, and writes the results of each chunk."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from time import monotonic, sleep
from typing import Protocol

from bulk.errors import ExecutorLost
from bulk.executors.executor import LOST_AFTER_S, Executor, Outcome
from bulk.inputs import InputChunk
from bulk.output.folder import Output
from bulk.output.formats import Format
from bulk.pictures import PictureFolder
from bulk.validation import PhotoValidator
from config.errors import FacelineError
from jobs.errors import StorageError, UnreachableReference
from jobs.factory import CheckedSample
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample

log = getLogger(__name__)

WAIT_S = 1.0
"""The longest wait for the executor at a time."""
POLL_S = 5.0
"""Every ticket is checked so often, in case a notification was lost."""
TRIES = 5
"""How often photos are sent whose results get lost."""


class RunProgress(Protocol):
    """Shows how far a run is."""

    def begin(self) -> None:
        """The run begins."""

    def skipped(self, inputs: int) -> None:
        """A chunk of so many inputs was done by an earlier run."""

    def done(self, inputs: int, failed: int) -> None:
        """A chunk was written: so many inputs, of which so many failed."""


@dataclass(slots=True)
class _ChunkResults:
    """A chunk and the results of its photos so far.

    Attributes:
        items: by the index of the photo in the chunk; None if there is no result yet.
    """

    chunk: InputChunk
    items: list[Item | None]


@dataclass(frozen=True, slots=True)
class _Sending:
    """Photos of one chunk that are sent together.

    Attributes:
        indices: of the photos, in their chunk.
        by_reference: the workers read the photos.
        tries: how often these photos were sent.
    """

    results: _ChunkResults
    indices: Sequence[int]
    by_reference: bool
    tries: int = 0


@dataclass(slots=True)
class Dispatch:
    """Runs chunks. At the end, also after an exception, everything in flight is erased.

    Attributes:
        by_reference: the workers read the photos; set to False when they turn out not to reach them.
        inputs: written so far.
        pictures: where the annotated photos are written; None writes none.
    """

    executor: Executor
    validator: PhotoValidator
    output: Output
    form: Format
    progress: RunProgress
    max_in_flight: int
    by_reference: bool = True
    inputs: int = 0
    pictures: PictureFolder | None = None
    _waiting: deque[_Sending] = field(default_factory=deque)
    _in_flight: dict[str, _Sending] = field(default_factory=dict)
    _polled_at: float = 0

    def run(self, chunks: Iterable[InputChunk]) -> None:
        """Run chunks and write their results.

        Raises:
            ExecutorLost: the executor did not answer for `LOST_AFTER_S`, or refuses the work.
            FacelineError: the executor or the source failed.
        """
        sendings = self._sendings(iter(chunks))
        answered_at = monotonic()
        try:
            while True:
                self.executor.check()
                try:
                    if not self._fill(sendings) and not self._in_flight:
                        return
                    self._collect()
                    answered_at = monotonic()
                except StorageError as error:
                    if monotonic() - answered_at > LOST_AFTER_S:
                        raise ExecutorLost(
                            f"the deployment has not answered for {LOST_AFTER_S:g} s: {error}"
                        ) from error
                    sleep(WAIT_S)
        finally:
            self._erase_all()

    def _sendings(self, chunks: Iterator[InputChunk]) -> Iterator[_Sending | None]:
        """What to send next; None if there is nothing to send now."""
        while True:
            if self._waiting:
                yield self._waiting.popleft()
            elif chunk := next(chunks, None):
                count = len(chunk.inputs)
                yield _Sending(_ChunkResults(chunk, [None] * count), range(count), self.by_reference)
            else:
                yield None

    def _fill(self, sendings: Iterator[_Sending | None]) -> bool:
        """Send until enough is in flight. False if there is nothing more to send now."""
        while len(self._in_flight) < self.max_in_flight and self.executor.has_room():
            sending = next(sendings)
            if sending is None:
                return False
            try:
                self._send(sending)
            except StorageError:
                self._waiting.appendleft(sending)
                raise
        return True

    def _send(self, sending: _Sending) -> None:
        results = sending.results
        photos = [results.chunk.inputs[index] for index in sending.indices]
        valid: list[tuple[int, CheckedSample]] = []
        checked = self.validator.check(photos, by_reference=sending.by_reference)
        for index, photo in zip(sending.indices, checked, strict=True):
            if isinstance(photo, Failure):
                results.items[index] = _failed(photo)
            else:
                valid.append((index, photo))
        if valid:
            ticket = self.executor.send([photo for _, photo in valid])
            indices = [index for index, _ in valid]
            self._in_flight[ticket] = _Sending(results, indices, sending.by_reference, sending.tries + 1)
        self._write_if_complete(results)

    def _collect(self) -> None:
        """Wait for results, and take the results that have arrived."""
        if not self._in_flight:
            # The executor has no room, although nothing of this run is in flight.
            sleep(WAIT_S)
            return
        tickets = self._in_flight.keys() & set(self.executor.ended(WAIT_S))
        if monotonic() - self._polled_at > POLL_S:
            self._polled_at = monotonic()
            tickets = set(self._in_flight)
        for ticket in tickets:
            if outcome := self.executor.outcome(ticket):
                self._take(self._in_flight[ticket], outcome)
                del self._in_flight[ticket]
                self.executor.erase(ticket)

    def _take(self, sending: _Sending, outcome: Outcome) -> None:
        if outcome.items is not None:
            self._keep(sending, outcome.items)
        elif outcome.failure and len(sending.indices) == 1:
            self._keep(sending, [_failed(outcome.failure)])
        else:
            self._send_again(sending, outcome.failure)
        self._write_if_complete(sending.results)

    def _keep(self, sending: _Sending, items: Sequence[Item]) -> None:
        """Keep the results of photos; photos that the workers did not reach are sent again with their bytes."""
        unreached: list[int] = []
        for index, item in zip(sending.indices, items, strict=True):
            if sending.by_reference and item.failed and item.failures[-1].type == UnreachableReference.type:
                unreached.append(index)
            else:
                sending.results.items[index] = item
        if len(unreached) == len(items) and self.by_reference:
            log.info("workers do not reach the photos: their bytes are sent from now on")
            self.by_reference = False
        if unreached:
            self._waiting.append(_Sending(sending.results, unreached, by_reference=False))

    def _send_again(self, sending: _Sending, failure: Failure | None) -> None:
        results = sending.results
        if sending.tries >= TRIES:
            reason = failure or Failure(service=None, type="lost", message=f"the results were lost {TRIES} times")
            for index in sending.indices:
                results.items[index] = _failed(reason)
        elif failure is None:
            self._waiting.append(sending)
        else:
            # One photo may have made the job fail for all: each is sent alone from now on.
            log.warning("job failed: photos are sent one by one", extra={"reason": failure.type})
            self._waiting.extend(
                _Sending(results, [index], sending.by_reference, sending.tries) for index in sending.indices
            )

    def _write_if_complete(self, results: _ChunkResults) -> None:
        items = [item for item in results.items if item is not None]
        if len(items) < len(results.items):
            return
        pairs = list(zip(results.chunk.inputs, items, strict=True))
        failed = [(photo, item.failures[-1]) for photo, item in pairs if item.failed]
        succeeded = [pair for pair in pairs if not pair[1].failed]
        if self.pictures:
            # Before the part file, which says that the chunk is done.
            self.pictures.write(succeeded)
        self.output.write(results.chunk, self.form, succeeded, failed)
        self.inputs += len(pairs)
        self.progress.done(len(pairs), len(failed))

    def _erase_all(self) -> None:
        for ticket in self._in_flight:
            try:
                self.executor.erase(ticket)
            except FacelineError as error:
                log.warning("photos in flight were not erased", extra={"error": str(error)})
                return


def _failed(failure: Failure) -> Item:
    return Item(sample=Sample(), failures=[failure], failed=True)
