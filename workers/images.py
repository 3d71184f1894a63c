"""Decoded images, kept for a short while, so that the stages of a job on one worker decode once."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

from models.errors import InvalidImage
from models.image import Image, decode


class ImageCache:
    """Gives decoded images by blob id or reference. Thread-safe.

    An image leaves when its job ends on this worker, when it grows old, or when the cache is full.

    Args:
        fetch: gives the encoded image of a blob or a reference; None once it is gone.
        capacity_bytes: of the decoded images together.
        age_s: how long an image stays at most.
    """

    def __init__(self, fetch: Callable[[str], bytes | None], capacity_bytes: int = 2**28, age_s: float = 30) -> None:
        self._fetch = fetch
        self._capacity_bytes = capacity_bytes
        self._age_s = age_s
        self._images: OrderedDict[str, tuple[float, Image]] = OrderedDict()
        self._lock = Lock()

    def get(self, blob: str) -> Image:
        """The decoded image of a blob or a reference.

        Raises:
            InvalidImage: the blob is gone, or is no image.
            InvalidRequest: the reference leads to none.
            StorageError: the store did not answer.
        """
        with self._lock:
            if kept := self._images.get(blob):
                self._images.move_to_end(blob)
                return kept[1]
        encoded = self._fetch(blob)
        if encoded is None:
            raise InvalidImage("the image is gone: its job was erased or has expired")
        image = decode(encoded)
        with self._lock:
            self._images[blob] = (monotonic(), image)
            while sum(kept.nbytes for _, kept in self._images.values()) > self._capacity_bytes:
                self._images.popitem(last=False)
        return image

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
