"""Backpressure: callers are told to come back before the deployment is full."""

from collections.abc import Callable
from time import monotonic

from config.settings import LimitSettings
from jobs.errors import Overloaded

LOOK_EVERY_S = 0.25


class Pressure:
    """Knows how full queues and store are. For one thread.

    Args:
        limits: what is too much.
        queue_length: counts the messages that wait in a queue.
        store_share: says how full the store is, in [0, 1].
    """

    def __init__(
        self, limits: LimitSettings, queue_length: Callable[[str], int], store_share: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._queue_length = queue_length
        self._store_share = store_share
        self._looked: dict[str, tuple[float, bool]] = {}

    def check(self, queue: str) -> None:
        """Let a message pass to a queue.

        Raises:
            Overloaded: the queue or the store is too full.
            StorageError: one of them did not answer.
        """
        looked_at, full = self._looked.get(queue, (float("-inf"), False))
        if monotonic() - looked_at > LOOK_EVERY_S:
            full = (
                self._queue_length(queue) >= self._limits.queue_length
                or self._store_share() >= self._limits.store_share
            )
            self._looked[queue] = monotonic(), full
        if full:
            raise Overloaded("the deployment is busy: come back later")
