"""One reader of the stream of finished jobs for all requests that wait."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger
from threading import Event, Thread

from jobs.errors import StorageError
from jobs.redis.finished import FinishedStream

log = getLogger(__name__)


class Watch:
    """What a request waits for.

    Attributes:
        woken: is set when what it follows ends, if not earlier.
    """

    def __init__(self, waiting: dict[str, set[asyncio.Event]]) -> None:
        self.woken = asyncio.Event()
        self._waiting = waiting
        self._followed: set[str] = set()

    def follow(self, job_id: str) -> None:
        """Be woken when a job ends.

        In the thread of the event loop, or before anybody else knows of the job. Whoever follows a job before it is
        sent need not look at it first.
        """
        self._followed.add(job_id)
        self._waiting.setdefault(job_id, set()).add(self.woken)

    def close(self) -> None:
        """Wait for nothing any more."""
        for job_id in self._followed:
            self._waiting[job_id].discard(self.woken)
            if not self._waiting[job_id]:
                del self._waiting[job_id]


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
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._closed = Event()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._read, name="wait-hub", daemon=True)
        self._thread.start()

    @contextmanager
    def watch(self, *job_ids: str) -> Iterator[Watch]:
        """Follows jobs, and those that are to come, as long as it lasts."""
        watch = Watch(self._waiting)
        try:
            for job_id in job_ids:
                watch.follow(job_id)
            yield watch
        finally:
            watch.close()

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
            for woken in self._waiting.get(job_id, ()):
                woken.set()
