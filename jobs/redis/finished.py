"""The stream of jobs that have ended."""

from jobs.redis import keys
from jobs.redis.connection import Client, storage


class FinishedStream:
    """Reads the stream from the beginning, or from where it stood at the last `seek_end`. For one thread."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._last = "0"

    def seek_end(self) -> None:
        """Pass over what is in the stream.

        Raises:
            StorageError: the store did not answer.
        """
        with storage():
            newest = self._redis.xrevrange(keys.FINISHED, count=1)
        self._last = newest[0][0].decode() if newest else "0"

    def read(self, wait_s: float) -> list[str]:
        """The ids that were appended since the last read; waits for the first of them.

        Args:
            wait_s: returns nothing after it.

        Raises:
            StorageError: the store did not answer; the next read goes on where this one stood.
        """
        with storage():
            answer = self._redis.xread({keys.FINISHED: self._last}, block=int(wait_s * 1000))
        entries = answer[0][1] if answer else []
        if entries:
            self._last = entries[-1][0].decode()
        return [entry[b"job"].decode() for _, entry in entries]
