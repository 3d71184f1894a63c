"""`StoreClock`: the time of the store's machine. The clocks of other machines may differ by many seconds."""

from time import monotonic, time

from jobs.errors import StorageError
from jobs.redis.client import Client
from jobs.redis.connection import storage

MEASURED_EVERY_S = 10.0


class StoreClock:
    """Gives the time of the store: the own time, and the difference between the clocks as measured lately."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._ahead_s = 0.0
        self._measured_at = float("-inf")

    def now(self) -> float:
        """Seconds since the epoch. If the store does not answer, the last measured difference counts, or none."""
        if monotonic() - self._measured_at > MEASURED_EVERY_S:
            self._measure()
        return time() + self._ahead_s

    def _measure(self) -> None:
        self._measured_at = monotonic()  # first: other threads need not measure too
        asked_at = time()
        try:
            with storage():
                seconds, microseconds = self._redis.time()
        except StorageError:
            return
        # The store read its clock about halfway between question and answer.
        self._ahead_s = seconds + microseconds / 1e6 - (asked_at + time()) / 2
