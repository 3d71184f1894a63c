"""Pressure: whether an API process has more to do than it can, so that new requests should go to another one."""

import asyncio
from collections import deque
from time import monotonic

from jobs.callers import WaitingPlaces

EVERY_S = 0.25
KEPT = 20
"""The latest measurements that count: those of five seconds."""


class LoopLag:
    """Measures how late the event loop runs what is due. `start` begins, `close` ends."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque([0.0], maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None

    @property
    def worst_s(self) -> float:
        """The longest delay of the last seconds."""
        return max(self._latest)

    def start(self) -> None:
        """Begin to measure."""
        self._task = asyncio.create_task(self._measure())

    def close(self) -> None:
        """Stop measuring."""
        if self._task is not None:
            self._task.cancel()

    async def _measure(self) -> None:
        while True:
            due = monotonic() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._latest.append(monotonic() - due)


class Pressure:
    """Whether this process is under pressure.

    Args:
        callers: the places of synchronous callers.
        lag: of the event loop.
        most_lag_s: above it the process is under pressure.
    """

    def __init__(self, callers: WaitingPlaces, lag: LoopLag, most_lag_s: float) -> None:
        self._callers = callers
        self._lag = lag
        self._most_lag_s = most_lag_s

    def reason(self) -> str | None:
        """Why the process is under pressure; None if it is not."""
        if self._callers.full:
            return f"{self._callers.taken} callers wait in this process, as many as may"
        if self._lag.worst_s > self._most_lag_s:
            return f"this process answered {self._lag.worst_s:.1f} s late"
        return None
