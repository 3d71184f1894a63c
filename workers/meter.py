"""`WorkMeter`: measures how long a worker takes for a message of each queue."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic

LATEST_SHARE = 0.05
"""The share of the latest message in the mean: the mean follows about the last twenty messages."""


class WorkMeter:
    """The moving mean of the seconds that one thread works on a message, by queue. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def message(self, queue: str) -> Iterator[None]:
        """Measures the body of the context, which works on a message of a queue; a body that raises does not count."""
        began = monotonic()
        yield
        self._add(queue, monotonic() - began)

    def seconds(self) -> dict[str, float]:
        """The mean by queue; queues without messages are missing."""
        with self._lock:
            return dict(self._seconds)

    def _add(self, queue: str, seconds: float) -> None:
        with self._lock:
            self._counted[queue] += 1
            share = max(1 / self._counted[queue], LATEST_SHARE)
            mean = self._seconds.get(queue, 0.0)
            self._seconds[queue] = mean + share * (seconds - mean)
