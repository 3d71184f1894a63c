"""Decoded images, kept for a short while, so that the stages of a job on one worker decode once."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Lock
from time import monotonic

from models.errors import InvalidImage
from models.imaging.decode import Image, decode
from workers.read_ahead import Fetch, read_ahead


class ImageCache:
    """Gives decoded images by blob id or reference. Thread-safe.

    An image leaves when its job ends on this worker, when it grows old, or when the cache is full.

    Args:
        fetch: gives the encoded image of a blob or a reference; None once it is gone.
        capacity_bytes: of the decoded images together.
        age_s: how long an image stays at most.
        is_far: whether it takes long to fetch an image.
    """

    def __init__(
        self,
        fetch: Fetch,
        capacity_bytes: int = 2**28,
        age_s: float = 30,
        is_far: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._fetch = fetch
        self._is_far = is_far
        self._capacity_bytes = capacity_bytes
        self._age_s = age_s
        self._images: OrderedDict[str, tuple[float, Image]] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def ahead(self, blobs: Sequence[str]) -> Iterator[Callable[[str], Image]]:
        """Gives images as `get` does; those that are far away are fetched before they are asked for, in this order."""
        with self._lock:
            missing = [blob for blob in dict.fromkeys(blobs) if self._is_far(blob) and blob not in self]
        with read_ahead(self._fetch, missing) as fetch:
            yield partial(self._get, fetch)

    def get(self, blob: str) -> Image:
        """The decoded image of a blob or a reference.

        Raises:
            InvalidImage: the blob is gone, or is no image.
            InvalidRequest: the reference leads to none.
            StorageError: the store did not answer.
        """
        return self._get(self._fetch, blob)

    def __contains__(self, blob: str) -> bool:
        return blob in self._images

    def drop(self, blobs: list[str]) -> None:
        """Forget images."""
        with self._lock:
            for blob in blobs:
                self._images.pop(blob, None)

    def drop_old(self) -> None:
        """Forget the images that have grown old: their jobs went on elsewhere, or were erased."""
        oldest = monotonic() - self._age_s
        with self._lock:
            for blob in [blob for blob, (since, _) in self._images.items() if since < oldest]:
                del self._images[blob]

    def _get(self, fetch: Fetch, blob: str) -> Image:
        with self._lock:
            if kept := self._images.get(blob):
                self._images.move_to_end(blob)
                return kept[1]
        encoded = fetch(blob)
        if encoded is None:
            raise InvalidImage("the image is gone: its job was erased or has expired")
        image = decode(encoded)
        with self._lock:
            self._images[blob] = (monotonic(), image)
            while sum(kept.nbytes for _, kept in self._images.values()) > self._capacity_bytes:
                self._images.popitem(last=False)
        return image
