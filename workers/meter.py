"""`WorkMeter`: measures how long a worker takes for a message of each queue, and for all of them."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import exp
from threading import Lock
from time import monotonic

LATEST_SHARE = 0.05
"""The share of the latest message in the mean: the mean follows about the last twenty messages."""


LOAD_OVER_S = 10.0
"""The load is a mean over about the last ten seconds: the weight of each second falls exponentially."""


class WorkMeter:
    """The moving mean of the seconds that one thread works on a message, and the load, by queue. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._worked_s: dict[str, float] = {}
        self._load: dict[str, float] = {}
        self._load_at = monotonic()

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

    def load(self) -> dict[str, float]:
        """How many threads have worked on messages of each queue, on average."""
        with self._lock:
            now = monotonic()
            passed_s, self._load_at = now - self._load_at, now
            if passed_s > 0:
                latest = 1 - exp(-passed_s / LOAD_OVER_S)
                for queue in self._load.keys() | self._worked_s.keys():
                    mean = self._load.get(queue, 0.0)
                    self._load[queue] = mean + latest * (self._worked_s.pop(queue, 0.0) / passed_s - mean)
            return dict(self._load)

    def _add(self, queue: str, seconds: float) -> None:
        with self._lock:
            self._worked_s[queue] = self._worked_s.get(queue, 0.0) + seconds
            self._counted[queue] += 1
            share = max(1 / self._counted[queue], LATEST_SHARE)
            mean = self._seconds.get(queue, 0.0)
            self._seconds[queue] = mean + share * (seconds - mean)
