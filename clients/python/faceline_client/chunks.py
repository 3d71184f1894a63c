"""Photos on their way through batches: which travel together, and what became of them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from uuid import uuid4

from faceline_client.photos import Photo, name_of, read_photo
from faceline_client.results import BatchError, BatchResult, Sample

MAX_BYTES = 32 * 2**20
"""Of the photos of a chunk; a larger photo is a chunk of its own."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one photo of a batch.

    Attributes:
        index: the place of the photo, from 0.
        name: its path, or its place.
        sample: the enriched sample; None if the photo failed.
        error: why the photo failed; None if it did not.
    """

    index: int
    name: str
    sample: Sample | None = None
    error: BatchError | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is.

    Attributes:
        done: photos that are done.
        failed: photos among these that failed.
        total: all photos; None if their number is not known yet.
    """

    done: int
    failed: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Photos that travel together.

    Attributes:
        photos: with their places.
        images: their bytes.
        alone: a photo that failed along with others has a second try, alone.
        key: the idempotency key of the batch.
    """

    photos: Sequence[tuple[int, Photo]]
    images: Sequence[bytes]
    alone: bool = False
    key: str = field(default_factory=lambda: uuid4().hex)


class Chunks:
    """Photos that are still to be sent.

    Args:
        photos: all photos.
        size: the most photos of a chunk.
    """

    def __init__(self, photos: Iterable[Photo], size: int) -> None:
        self._photos: Iterator[tuple[int, Photo]] = iter(enumerate(photos))
        self._total = len(photos) if isinstance(photos, Sized) else None
        self._size = size
        self._ready: deque[Chunk] = deque()
        self._left_over: tuple[tuple[int, Photo], bytes] | None = None
        self._done = self._failed = 0

    def take(self) -> Chunk | None:
        """Read the next chunk; None if there is none.

        Raises:
            OSError: a photo cannot be read.
        """
        if self._ready:
            return self._ready.popleft()
        read: list[tuple[tuple[int, Photo], bytes]] = []
        bytes_left = MAX_BYTES
        while len(read) < self._size and (following := self._next()):
            bytes_left -= len(following[1])
            if read and bytes_left < 0:
                self._left_over = following
                break
            read.append(following)
        return Chunk([photo for photo, _ in read], [image for _, image in read]) if read else None

    def put_back(self, chunk: Chunk) -> None:
        """Keep a chunk for later."""
        self._ready.appendleft(chunk)

    def items(self, chunk: Chunk, results: Iterable[BatchResult], errors: Iterable[BatchError]) -> Iterator[BatchItem]:
        """What became of the photos of a chunk, in their order. A photo with a second try is left out."""
        found = {int(row.custom_id): row for row in results}
        failures = {int(row.custom_id): row for row in errors if row.custom_id is not None}
        for place, (index, photo) in enumerate(chunk.photos):
            error = failures.get(place)
            if error is not None and error.shared and not chunk.alone:
                self._ready.append(Chunk([(index, photo)], [chunk.images[place]], alone=True))
                continue
            sample = found[place].result if place in found else None
            if sample is None and error is None:
                error = BatchError(
                    custom_id=str(place), line=place + 1, service=None, type="lost", detail="no result", shared=False
                )
            name = name_of(photo, index)
            yield BatchItem(index, name, sample if isinstance(sample, Sample) else None, error)

    def progress(self, item: BatchItem) -> Progress:
        """How far all photos are, now that one more is done."""
        self._done += 1
        self._failed += item.error is not None
        return Progress(self._done, self._failed, self._total)

    def _next(self) -> tuple[tuple[int, Photo], bytes] | None:
        if self._left_over is not None:
            following, self._left_over = self._left_over, None
            return following
        for photo in self._photos:
            return photo, read_photo(photo[1])
        return None
