"""Waits for jobs to end: one thread reads the stream of finished jobs for all requests of a process."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import partial
from logging import getLogger
from threading import Event, Thread
from time import monotonic
from typing import Protocol, TypeVar

from jobs.errors import StorageError

log = getLogger(__name__)

Result = TypeVar("Result")


class FinishedJobs(Protocol):
    """The stream of the ids of jobs as they end. Methods raise `StorageError` if the store does not answer."""

    def seek_end(self) -> None:
        """Skip what is in the stream."""

    def read(self, wait_s: float) -> list[str]:
        """The ids that were appended since the last read; waits for the first of them, at most `wait_s`."""


class Watch:
    """What one request waits for: jobs, and a signal that one of them may be over. For the event loop, but `when_over`.

    Args:
        waiting: of the hub; by job id, the signals of the requests that wait for it.
        calls: of the hub; by job id, what its thread calls when the job has ended.
    """

    def __init__(self, waiting: dict[str, set[asyncio.Event]], calls: dict[str, Callable[[], None]]) -> None:
        self._signal = asyncio.Event()
        self._waiting = waiting
        self._calls = calls
        self._followed: set[str] = set()
        self._called: set[str] = set()

    def follow(self, job_id: str) -> None:
        """Get a signal when a job ends."""
        self._followed.add(job_id)
        self._waiting.setdefault(job_id, set()).add(self._signal)

    def when_over(self, job_id: str, function: Callable[[], Result]) -> Future[Result]:
        """Have the thread of the hub call a function before it gives the signal for a job. From any thread.

        The event loop and another thread need not be woken for it.

        Returns:
            Its result, unless it is canceled before the call begins.
        """
        future: Future[Result] = Future()
        self._called.add(job_id)
        self._calls[job_id] = partial(_complete, future, partial(copy_context().run, function))
        return future

    def wake(self) -> None:
        """Give the signal, without the end of a job."""
        self._signal.set()

    async def wait(self, ends: float) -> bool:
        """Wait for the next signal; False if none came before `ends`, a time of `monotonic`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ends - monotonic()):
                await self._signal.wait()
        came = self._signal.is_set()
        self._signal.clear()
        return came

    def close(self) -> None:
        """Stop watching all jobs."""
        # A copy: a submission whose request was canceled may still add one.
        for job_id in tuple(self._called):
            self._calls.pop(job_id, None)
        for job_id in self._followed:
            self._waiting[job_id].discard(self._signal)
            if not self._waiting[job_id]:
                del self._waiting[job_id]


class WaitHub:
    """Signals the end of jobs to the requests that wait for them. For the event loop in which it was made.

    A request can be woken before its job has ended, so it reads the job after each signal. To miss no end: watch the
    job, read it, wait, read it again. The first read is not needed if the job is watched before it is sent.

    Only the event loop touches the signals; the thread that reads the stream hands it the ids. The calls of
    `Watch.when_over` are in a dictionary, whose single operations are safe in all threads.

    Args:
        stream: of finished jobs.
        read_s: how long one read of the stream waits; the hub closes within it and the calls that run.
    """

    def __init__(self, stream: FinishedJobs, read_s: float = 1.0) -> None:
        self._stream = stream
        self._read_s = read_s
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._calls: dict[str, Callable[[], None]] = {}
        self._closed = Event()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._read, name="wait-hub", daemon=True)
        self._thread.start()

    @contextmanager
    def watch(self, *job_ids: str) -> Iterator[Watch]:
        """Follows jobs for as long as the context lasts."""
        watch = Watch(self._waiting, self._calls)
        try:
            for job_id in job_ids:
                watch.follow(job_id)
            yield watch
        finally:
            watch.close()

    async def close(self) -> None:
        """Stop reading the stream."""
        self._closed.set()
        await asyncio.to_thread(self._thread.join, 2 * self._read_s)

    def _read(self) -> None:
        following = False
        while not self._closed.is_set():
            try:
                if following:
                    if ended := self._stream.read(self._read_s):
                        for job_id in ended:
                            if (call := self._calls.pop(job_id, None)) is not None:
                                call()
                        self._hand_over(ended)
                else:
                    self._stream.seek_end()
                    following = True
                    self._hand_over(None)  # wake all: jobs may have ended before the stream was read
            except StorageError as error:
                log.warning("store or broker does not answer", extra={"error": str(error)})
                self._closed.wait(self._read_s)
                self._hand_over(None)

    def _hand_over(self, ended: list[str] | None) -> None:
        if not self._closed.is_set():
            self._loop.call_soon_threadsafe(self._signal, ended)

    def _signal(self, ended: list[str] | None) -> None:
        """Signal the end of jobs; None signals all that are watched."""
        for job_id in self._waiting if ended is None else ended:
            for signal in self._waiting.get(job_id, ()):
                signal.set()


def _complete(future: Future[Result], function: Callable[[], Result]) -> None:
    """Call a function for a future that is not canceled."""
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 - whatever one call does, the hub must not end
            future.set_exception(error)
