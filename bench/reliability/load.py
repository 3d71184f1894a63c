"""`Load`: a steady stream of jobs, batches and synchronous calls, drawn from a seed."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from random import Random
from threading import Event, Thread
from time import monotonic, sleep
from typing import TypeVar
from uuid import uuid4

from bench.reliability.caller import Caller, GaveUp
from bench.reliability.work import DETECTOR, LIGHT, Work, draw

Errand = TypeVar("Errand")

YOUNG = 6
"""So many errands run at a time, beside those older than `OLD_S`: work that is held up must not end the load."""
OLD_S = 5.0
MOST = 100
PACE_S = 0.1
"""The mean time between two errands, where the stack is fast enough."""
CALLS, BATCHES = 0.2, 0.1
"""The shares of synchronous calls and of batches; the rest is single jobs."""
BATCH_SIZE = 5


class Load:
    """Runs errands in threads until it is stopped.

    Args:
        caller: runs them.
        random: draws them.
        names: of the photos.
    """

    def __init__(self, caller: Caller, random: Random, names: Sequence[str]) -> None:
        self._caller = caller
        self._random = random
        self._names = names
        self._numbers = count()
        self._run = uuid4().hex[:8]
        self._stopped = Event()
        self._pool = ThreadPoolExecutor(MOST, thread_name_prefix="caller")
        self._errands: list[tuple[float, Future[None]]] = []
        self._thread = Thread(target=self._keep_sending, name="load", daemon=True)

    def start(self) -> None:
        """Start the stream."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing new."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def send_job(self, work: Work) -> "Future[None]":
        """Send a job beside the stream."""
        return self._begin(self._caller.run_job, work)

    def send_batch(self, works: Sequence[Work]) -> "Future[None]":
        """Send a batch beside the stream."""
        return self._begin(self._caller.run_batch, works)

    def drain(self, until: float, goes_on: Callable[[], bool]) -> None:
        """Wait for all ends, at most until a time of `monotonic` and while it `goes_on`; then all callers give up."""
        while monotonic() < until and goes_on() and any(not errand.done() for _, errand in self._errands):
            sleep(0.05)
        self._caller.gives_up.set()
        self._pool.shutdown()
        for _, errand in self._errands:
            if (error := errand.exception()) and not isinstance(error, GaveUp):
                raise error

    def _keep_sending(self) -> None:
        while not self._stopped.wait(self._random.expovariate(1 / PACE_S)):
            now = monotonic()
            running = [since for since, errand in self._errands if not errand.done()]
            if sum(now - since < OLD_S for since in running) < YOUNG and len(running) < MOST:
                self._send()

    def _send(self) -> None:
        kind = self._random.random()
        if kind < CALLS:
            self._begin(self._caller.call, Work(self._random.choice(self._names), (DETECTOR,)))
        elif kind < CALLS + BATCHES:
            plan = tuple(self._random.choice(LIGHT))
            self._begin(
                self._caller.run_batch, [Work(self._random.choice(self._names), plan) for _ in range(BATCH_SIZE)]
            )
        else:
            self._begin(self._caller.run_job, draw(self._random, self._names))

    def _begin(self, run: Callable[[str, Errand], None], work: Errand) -> "Future[None]":
        name = f"{self._run}-{next(self._numbers)}"
        errand = self._pool.submit(run, name, work)
        self._errands.append((monotonic(), errand))
        return errand
