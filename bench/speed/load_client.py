"""The client of the HTTP measurements, for a process of its own; it imports next to nothing.

Its requests are made beforehand and its connections stay open: what it takes of the cores, it takes from the service.
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
    """What a client does.

    Attributes:
        url: of the service.
        requests: as they go over the wire, sent in turn.
        warm: how many are sent beforehand, uncounted.
        count: how many are sent.
        concurrency: how many at a time.
        follow: each answer is a job; its end is waited for where it has not ended.
        pids: of the service; their CPU time is noted.
    """

    url: str
    requests: Sequence[bytes]
    count: int
    concurrency: int
    warm: int = 0
    follow: bool = False
    pids: Pids = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: in seconds, of each request.
        cpu_s: what the client and the parts of the service took, in seconds, by what they do.
    """

    count: int
    seconds: float
    latencies: Sequence[float]
    cpu_s: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Photos, or jobs, per second."""
        return self.count / self.seconds


def send(load: Load) -> Sent:
    """Send a load, and wait for all answers.

    Raises:
        Refused: the service did not do what it was asked for.
        OSError: a connection broke.
    """
    _round(load, load.warm)
    return timed(lambda: _round(load, load.count), load.pids)


def timed(run: Callable[[], Sequence[float]], pids: Pids, photos_each: int = 1) -> Sent:
    """Note how long something takes that gives the latencies of its parts, and what CPU time goes into it."""
    began = {name: cpu_s(roots) for name, roots in pids.items()}
    client = process_time()
    started = perf_counter()
    latencies = run()
    seconds = perf_counter() - started
    took = {name: cpu_s(roots) - began[name] for name, roots in pids.items()}
    return Sent(len(latencies) * photos_each, seconds, latencies, {"client": process_time() - client, **took})


def _round(load: Load, total: int) -> list[float]:
    numbers = count()
    with ThreadPoolExecutor(load.concurrency) as pool:
        lines = [pool.submit(lambda: list(_line(load, numbers, total))) for _ in range(load.concurrency)]
        return [latency for line in lines for latency in line.result()]


def _line(load: Load, numbers: Iterator[int], total: int) -> Iterator[float]:
    connection = Connection(load.url)
    # `next` on a count is one step: no two threads draw the same number.
    while (number := next(numbers)) < total:
        started = perf_counter()
        answer = connection.ask(load.requests[number % len(load.requests)])
        if load.follow:
            _follow(connection, answer)
        yield perf_counter() - started
    connection.close()


def _follow(connection: Connection, answer: bytes) -> None:
    job = json.loads(answer)
    while job["status"] in ("queued", "running"):
        job = json.loads(connection.ask(request("GET", f"/jobs/{job['id']}?wait=60")))
    if job["status"] != "succeeded":
        raise Refused(f"a job is {job['status']}: {job.get('error')}")
