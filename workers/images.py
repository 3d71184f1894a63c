"""Decoded images: kept for a short time, so that the stages of a job on one worker decode each image once.

Images that are far away, in object storage, are fetched ahead: that takes longer than running the models on them.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Lock
from time import monotonic

from metrics.worker import decoding
from models.errors import InvalidImage
from models.imaging.decode import Image, decode
from traces import spans

Fetch = Callable[[str], bytes | None]
"""Gives the encoded image of a blob id or a reference; None once the blob is erased."""

AHEAD = 8
"""How many images are fetched ahead and held at most; each has up to `FACELINE_LIMITS__IMAGE_BYTES`."""


class ImageCache:
    """Gives decoded images by blob id or reference. Thread-safe.

    An image is dropped when its job ends on this worker, when it is too old, or when the cache is full.

    Args:
        fetch: gives the encoded image of a blob or a reference.
        capacity_bytes: the most that the decoded images may take together.
        age_s: how long an image is kept at most.
        is_far: whether an image takes long to fetch.
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
    def ahead(self, names: Sequence[str]) -> Iterator[Callable[[str], Image]]:
        """Gives images as `get` does. Fetches images that are far away ahead of their use, in this order."""
        with self._lock:
            missing = [name for name in dict.fromkeys(names) if self._is_far(name) and name not in self]
        with fetching_ahead(self._fetch, missing) as fetch:
            yield partial(self._get, fetch)

    def get(self, name: str) -> Image:
        """The decoded image of a blob id or a reference.

        Raises:
            InvalidImage: the blob is erased, or is no image.
            InvalidRequest: the reference cannot be read.
            StorageError: the store did not answer.
        """
        return self._get(self._fetch, name)

    def __contains__(self, name: str) -> bool:
        return name in self._images

    def drop(self, names: list[str]) -> None:
        """Forget images."""
        with self._lock:
            for name in names:
                self._images.pop(name, None)

    def drop_old(self) -> None:
        """Forget the images that are too old: their jobs continued on another worker, or were erased."""
        oldest = monotonic() - self._age_s
        with self._lock:
            for name in [name for name, (since, _) in self._images.items() if since < oldest]:
                del self._images[name]

    def _get(self, fetch: Fetch, name: str) -> Image:
        with self._lock:
            if kept := self._images.get(name):
                self._images.move_to_end(name)
                return kept[1]
        with spans.step("fetch image", {}):
            encoded = fetch(name)
        if encoded is None:
            raise InvalidImage("the image is gone: its job was erased or has expired")
        with decoding(len(encoded)), spans.step("decode image", {"faceline.image.bytes": len(encoded)}):
            image = decode(encoded)
        with self._lock:
            self._images[name] = (monotonic(), image)
            while sum(kept.nbytes for _, kept in self._images.values()) > self._capacity_bytes:
                self._images.popitem(last=False)
        return image


@contextmanager
def fetching_ahead(fetch: Fetch, names: Sequence[str]) -> Iterator[Fetch]:
    """Gives what `fetch` gives, and fetches the images to come in other threads.

    Args:
        fetch: gives an encoded image, or raises; called in several threads.
        names: of the images to fetch ahead, in the order in which they will be asked for.
    """
    if not names:
        yield fetch
        return
    ahead = _Ahead(fetch, names)
    try:
        yield ahead.take
    finally:
        ahead.end()


class _Ahead:
    """Fetches up to `AHEAD` images before they are asked for; used by one thread."""

    def __init__(self, fetch: Fetch, names: Sequence[str]) -> None:
        self._fetch = fetch
        self._indices = {name: index for index, name in enumerate(names)}
        self._waiting = deque(names)
        self._fetched: dict[str, Future[bytes | None]] = {}
        self._pool = ThreadPoolExecutor(min(AHEAD, len(names)), thread_name_prefix="fetch-ahead")
        self._fill()

    def take(self, name: str) -> bytes | None:
        self._skip_before(self._indices.get(name, -1))
        future = self._fetched.pop(name, None)
        self._fill()
        return future.result() if future else self._fetch(name)

    def end(self) -> None:
        # Without waiting: a fetch that hangs must not delay a stage that was given up.
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _skip_before(self, index: int) -> None:
        """Drop the images before this one: the cache had them, so they are not asked for again."""
        for skipped in [name for name in self._fetched if self._indices[name] < index]:
            del self._fetched[skipped]
        while self._waiting and self._indices[self._waiting[0]] <= index:
            self._waiting.popleft()

    def _fill(self) -> None:
        while self._waiting and len(self._fetched) < AHEAD:
            name = self._waiting.popleft()
            self._fetched[name] = self._pool.submit(self._fetch, name)
