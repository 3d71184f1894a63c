"""Sends HTTP requests to a service and times them. Runs in a process of its own and imports little.

The requests are made beforehand and the connections stay open: the service lacks the CPU time that the client takes.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter, process_time

from bench.speed.http_connection import Connection, Refused, request
from bench.speed.process_usage import Pids, cpu_s


@dataclass(frozen=True, slots=True)
class Load:
    """The requests that a client sends.

    Attributes:
        url: the address of the service.
        requests: the bytes of the requests, sent in turn.
        count: the number of requests that are timed.
        concurrency: the number of requests at a time.
        warm: the number of requests that are sent beforehand and not timed.
        follow: whether each answer is a job whose end the client waits for.
        pids: the processes of the service, whose CPU time is measured.
    """

    url: str
    requests: Sequence[bytes]
    count: int
    concurrency: int
    warm: int = 0
    follow: bool = False
    pids: Pids = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The times of a load.

    Attributes:
        count: the number of photos, or of jobs.
        seconds: from the first request to the last answer.
        latencies: of each request, in seconds.
        cpu_s: the CPU time of the client and of the service's processes, by role.
    """

    count: int
    seconds: float
    latencies: Sequence[float]
    cpu_s: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Photos, or jobs, per second."""
        return self.count / self.seconds


def send(load: Load) -> LoadResult:
    """Sends a load and waits for all answers.

    Raises:
        Refused: the service answered with an error, or a job failed.
        OSError: a connection broke.
    """
    _send(load, load.warm)
    return timed(lambda: _send(load, load.count), load.pids)


def timed(run: Callable[[], Sequence[float]], pids: Pids, photos_each: int = 1) -> LoadResult:
    """Runs something that returns latencies, and measures its duration and CPU time.

    Args:
        run: returns the latency of each request or chunk, in seconds.
        pids: the processes of the service.
        photos_each: the number of photos in each request or chunk.
    """
    began = {role: cpu_s(roots) for role, roots in pids.items()}
    client = process_time()
    started = perf_counter()
    latencies = run()
    seconds = perf_counter() - started
    took = {role: cpu_s(roots) - began[role] for role, roots in pids.items()}
    return LoadResult(len(latencies) * photos_each, seconds, latencies, {"client": process_time() - client, **took})


def _send(load: Load, total: int) -> list[float]:
    numbers = count()
    with ThreadPoolExecutor(load.concurrency) as pool:
        lanes = [pool.submit(lambda: list(_lane(load, numbers, total))) for _ in range(load.concurrency)]
        return [latency for lane in lanes for latency in lane.result()]


def _lane(load: Load, numbers: Iterator[int], total: int) -> Iterator[float]:
    """Sends requests over one connection until the shared numbers reach the total."""
    connection = Connection(load.url)
    # `next` on a count is atomic: no two threads get the same number.
    while (number := next(numbers)) < total:
        started = perf_counter()
        answer = connection.ask(load.requests[number % len(load.requests)])
        if load.follow:
            _wait_for_job(connection, answer)
        yield perf_counter() - started
    connection.close()


def _wait_for_job(connection: Connection, answer: bytes) -> None:
    job = json.loads(answer)
    while job["status"] in ("queued", "running"):
        job = json.loads(connection.ask(request("GET", f"/jobs/{job['id']}?wait=60")))
    if job["status"] != "succeeded":
        raise Refused(f"a job is {job['status']}: {job.get('error')}")
