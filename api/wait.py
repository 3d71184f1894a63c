"""One reader of the stream of finished jobs for all requests that wait."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger
from threading import Event, Thread

from pipelines.errors import StorageError
from pipelines.store.finished import FinishedStream

log = getLogger(__name__)


class WaitHub:
    """Wakes those who wait for a job when it ends.

    It may also wake them for nothing: whoever is woken looks at the job, and waits on if it is not over. The order that
    loses nothing: watch, look whether the job is over, wait, look again.

    Args:
        stream: of the jobs that end; read by one thread.
        read_s: how long one read waits; a hub that is closed ends within it.
    """

    def __init__(self, stream: FinishedStream, read_s: float = 1.0) -> None:
        self._stream = stream
        self._read_s = read_s
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._closed = Event()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._read, name="wait-hub", daemon=True)
        self._thread.start()

    @contextmanager
    def watch(self, job_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when the job ends, if not earlier."""
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        try:
            yield event
        finally:
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    async def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        await asyncio.to_thread(self._thread.join, 2 * self._read_s)

    def _read(self) -> None:
        following = False
        while not self._closed.is_set():
            try:
                if following:
                    ended = self._stream.read(self._read_s)
                else:
                    self._stream.seek_end()
                    following = True
                    ended = list(self._waiting)  # theirs may have ended before
            except StorageError as error:
                log.warning("store away", extra={"error": str(error)})
                ended = list(self._waiting)
                self._closed.wait(self._read_s)
            if ended and not self._closed.is_set():
                self._loop.call_soon_threadsafe(self._wake, ended)

    def _wake(self, ended: list[str]) -> None:
        for job_id in ended:
            for event in self._waiting.get(job_id, ()):
                event.set()
