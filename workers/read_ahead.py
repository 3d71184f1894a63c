"""Reads the next images of a chunk while one is worked on: object storage takes longer over a photo than the models."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

Fetch = Callable[[str], bytes | None]

AHEAD = 8
"""How many images are held that nobody has asked for yet; each has up to `FACELINE_LIMITS__IMAGE_BYTES`."""


@contextmanager
def read_ahead(fetch: Fetch, names: Sequence[str]) -> Iterator[Fetch]:
    """Fetches as `fetch` does, and meanwhile what comes next.

    Args:
        fetch: gives an encoded image, or raises; called in several threads.
        names: of the images to fetch beforehand, in the order in which they will be asked for.
    """
    if not names:
        yield fetch
        return
    waiting = deque(names)
    under_way: dict[str, Future[bytes | None]] = {}
    with ThreadPoolExecutor(min(AHEAD, len(names)), thread_name_prefix="read-ahead") as pool:

        def go_on() -> None:
            while waiting and len(under_way) < AHEAD:
                name = waiting.popleft()
                under_way[name] = pool.submit(fetch, name)

        def take(name: str) -> bytes | None:
            future = under_way.pop(name, None)
            go_on()
            return future.result() if future else fetch(name)

        go_on()
        try:
            yield take
        finally:
            pool.shutdown(cancel_futures=True)
