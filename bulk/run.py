"""The run: chunks go out to an executor, a bounded number at a time, and come back as parts of the output."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from time import monotonic, sleep

from bulk.errors import ExecutorLost
from bulk.executors.executor import Ended, Executor
from bulk.inputs import InputChunk
from bulk.output.folder import Output
from bulk.output.formats import Format
from bulk.validation import PhotoValidator
from bulk.watcher import Watcher
from config.errors import FacelineError
from jobs.errors import StorageError, UnreachableReference
from jobs.factory import Checked
from pipelines.chunk import Failure, Item
from pipelines.sample import Sample

log = getLogger(__name__)

LOOK_S = 1.0
"""How long one look at the executor takes at most."""
POLL_S = 5.0
"""How often each ticket is looked at though nothing was heard of it."""
PATIENCE_S = 120.0
"""For how long the executor may be away."""
TRIES = 5
"""How often photos are sent that get lost."""


@dataclass(slots=True)
class _Work:
    """A chunk and what has come of its photos so far."""

    chunk: InputChunk
    items: list[Item | None]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Photos of one chunk that are sent together.

    Attributes:
        places: of the photos, in their chunk.
        by_reference: the workers read them.
    """

    work: _Work
    places: Sequence[int]
    by_reference: bool
    tries: int = 0


@dataclass(slots=True)
class Run:
    """Does chunks. Whatever is in flight when it ends is erased.

    Attributes:
        by_reference: workers are trusted to reach the photos, until they say that they do not.
        inputs: written so far.
    """

    executor: Executor
    validator: PhotoValidator
    output: Output
    form: Format
    watcher: Watcher
    max_in_flight: int
    by_reference: bool
    inputs: int = 0
    _waiting: deque[_Piece] = field(default_factory=deque)
    _flying: dict[str, _Piece] = field(default_factory=dict)
    _polled_at: float = 0

    def do(self, chunks: Iterable[InputChunk]) -> None:
        """Have all chunks done and written.

        Raises:
            ExecutorLost: the executor was away for too long.
            FacelineError: as the watcher says, or the source.
        """
        pieces = self._pieces(iter(chunks))
        heard_at = monotonic()
        try:
            while True:
                self.watcher.look()
                try:
                    if not self._fill(pieces) and not self._flying:
                        return
                    self._harvest()
                    heard_at = monotonic()
                except StorageError as error:
                    if monotonic() - heard_at > PATIENCE_S:
                        raise ExecutorLost(f"nobody has answered for {PATIENCE_S:g} s: {error}") from error
                    sleep(LOOK_S)
        finally:
            self._forget_all()

    def _pieces(self, chunks: Iterator[InputChunk]) -> Iterator[_Piece | None]:
        """What is to be sent next; None if there is nothing at the moment."""
        while True:
            if self._waiting:
                yield self._waiting.popleft()
            elif chunk := next(chunks, None):
                places = range(len(chunk.inputs))
                yield _Piece(_Work(chunk, [None] * len(places)), places, self.by_reference)
            else:
                yield None

    def _fill(self, pieces: Iterator[_Piece | None]) -> bool:
        """Send until enough is in flight; gives whether there may be more to send."""
        while len(self._flying) < self.max_in_flight and self.executor.has_room():
            piece = next(pieces)
            if piece is None:
                return False
            try:
                self._send(piece)
            except StorageError:
                self._waiting.appendleft(piece)
                raise
        return True

    def _send(self, piece: _Piece) -> None:
        checked = self.validator.check(
            [piece.work.chunk.inputs[place] for place in piece.places], by_reference=piece.by_reference
        )
        good: list[tuple[int, Checked]] = []
        for place, one in zip(piece.places, checked, strict=True):
            if isinstance(one, Failure):
                piece.work.items[place] = _dead(one)
            else:
                good.append((place, one))
        if good:
            sent = _Piece(piece.work, [place for place, _ in good], piece.by_reference, piece.tries + 1)
            self._flying[self.executor.send([one for _, one in good])] = sent
        self._write_if_whole(piece.work)

    def _harvest(self) -> None:
        if not self._flying:
            # There is no room though nothing of ours is in flight.
            sleep(LOOK_S)
            return
        tickets = self._flying.keys() & set(self.executor.ended(LOOK_S))
        if monotonic() - self._polled_at > POLL_S:
            self._polled_at = monotonic()
            tickets = set(self._flying)
        for ticket in tickets:
            if ended := self.executor.look(ticket):
                self._take(self._flying[ticket], ended)
                del self._flying[ticket]
                self.executor.forget(ticket)

    def _take(self, piece: _Piece, ended: Ended) -> None:
        if ended.items is not None:
            self._lay_down(piece, ended.items)
        elif ended.failure and len(piece.places) == 1:
            self._lay_down(piece, [_dead(ended.failure)])
        else:
            self._send_again(piece, ended.failure)
        self._write_if_whole(piece.work)

    def _lay_down(self, piece: _Piece, items: Sequence[Item]) -> None:
        unreached: list[int] = []
        for place, item in zip(piece.places, items, strict=True):
            if piece.by_reference and item.dead and item.failures[-1].type == UnreachableReference.type:
                unreached.append(place)
            else:
                piece.work.items[place] = item
        if len(unreached) == len(items) and self.by_reference:
            log.info("the workers do not reach the photos: they are sent along from now on")
            self.by_reference = False
        if unreached:
            self._waiting.append(_Piece(piece.work, unreached, by_reference=False))

    def _send_again(self, piece: _Piece, failure: Failure | None) -> None:
        if piece.tries >= TRIES:
            reason = failure or Failure(service=None, type="lost", message=f"got lost {TRIES} times")
            for place in piece.places:
                piece.work.items[place] = _dead(reason)
        elif failure is None:
            self._waiting.append(piece)
        else:
            # One photo may have spoilt it for all: from now on each is on its own.
            log.warning("sent again one by one", extra={"chunk": piece.work.chunk.number, "reason": failure.type})
            self._waiting.extend(_Piece(piece.work, [place], piece.by_reference, piece.tries) for place in piece.places)

    def _write_if_whole(self, work: _Work) -> None:
        if any(item is None for item in work.items):
            return
        pairs = [(photo, item) for photo, item in zip(work.chunk.inputs, work.items, strict=True) if item]
        failed = [(photo, item.failures[-1]) for photo, item in pairs if item.dead]
        self.output.write(work.chunk, self.form, [pair for pair in pairs if not pair[1].dead], failed)
        self.inputs += len(pairs)
        self.watcher.done(len(pairs), len(failed))

    def _forget_all(self) -> None:
        for ticket in self._flying:
            try:
                self.executor.forget(ticket)
            except FacelineError as error:
                log.warning("could not erase what was in flight", extra={"error": str(error)})
                return


def _dead(failure: Failure) -> Item:
    return Item(sample=Sample(), failures=[failure], dead=True)
