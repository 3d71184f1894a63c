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
    places = {name: place for place, name in enumerate(names)}
    under_way: dict[str, Future[bytes | None]] = {}
    pool = ThreadPoolExecutor(min(AHEAD, len(names)), thread_name_prefix="read-ahead")

    def go_on() -> None:
        while waiting and len(under_way) < AHEAD:
            name = waiting.popleft()
            under_way[name] = pool.submit(fetch, name)

    def take(name: str) -> bytes | None:
        # What comes before it was had from elsewhere, and nobody will ask for it any more.
        place = places.get(name, -1)
        for passed in [one for one in under_way if places[one] < place]:
            del under_way[passed]
        while waiting and places[waiting[0]] <= place:
            waiting.popleft()
        future = under_way.pop(name, None)
        go_on()
        return future.result() if future else fetch(name)

    go_on()
    try:
        yield take
    finally:
        # What hangs must not hold up a stage that is given up.
        pool.shutdown(wait=False, cancel_futures=True)
