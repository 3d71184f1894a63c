"""Sends HTTP requests at times that do not depend on the answers, as independent callers do. Imports little.

The client runs on the cores of the measured service, so it takes little CPU time: one thread, a fast event loop,
requests that are made beforehand, answers that are read afterwards, and connections that stay open.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import takewhile
from random import Random
from time import monotonic, process_time
from urllib.parse import urlsplit

import uvloop

from bench.speed.http_connection import END_OF_HEAD

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_JOB_ID = re.compile(rb'"id": *"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests of one kind, which arrive at random (Poisson).

    Attributes:
        name: of the kind.
        rate: the mean number of requests per second.
        requests: the bytes of the requests, sent in turn.
    """

    name: str
    rate: float
    requests: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """Streams of requests, sent together.

    Attributes:
        url: the address of the service.
        seconds: how long requests are sent.
        drain_s: how long the client waits for answers after that.
        seed: of the random times.
    """

    url: str
    streams: Sequence[Stream]
    seconds: float
    drain_s: float = 60.0
    seed: int = 1


@dataclass(slots=True)
class Answer:
    """What became of a request; times in seconds since the load began.

    Attributes:
        due: when the request was to be sent. Latencies count from here, also if the client was late.
        ended: when the answer was in; None without an answer.
        status: the HTTP status; 0 without an answer.
        retry_after: the seconds of its header; None if it has none.
        job: the id of the job that was accepted.
    """

    stream: str
    due: float
    ended: float | None = None
    status: int = 0
    retry_after: int | None = None
    job: str | None = None

    def read(self, received: bytes) -> None:
        """Read the status, the header and the id from an answer."""
        head, _, body = received.partition(END_OF_HEAD)
        self.status = int(head.split(b" ", 2)[1])
        if self.status == 429 and (found := _RETRY_AFTER.search(head)):
            self.retry_after = int(found[1])
        if self.status == 202 and (accepted := _JOB_ID.search(body)):
            self.job = accepted[1].decode()

    @property
    def latency_s(self) -> float:
        """From the time at which the request was due to its answer."""
        return float("inf") if self.ended is None else self.ended - self.due


@dataclass(slots=True)
class OpenResult:
    """The answers to a load.

    Attributes:
        began_at: the begin of the load, in seconds since the epoch of `monotonic`.
        seconds: how long requests were sent.
        late_s: how late the client sent a request at worst.
        cpu_s: the CPU time of the client.
    """

    began_at: float
    seconds: float
    answers: list[Answer] = field(default_factory=list)
    late_s: float = 0.0
    cpu_s: float = 0.0


def send_open(load: OpenLoad) -> OpenResult:
    """Sends a load, and waits for the answers."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send(load))


async def _send(load: OpenLoad) -> OpenResult:
    client = _Client(load.url)
    result = OpenResult(monotonic(), load.seconds)
    cpu_s = process_time()
    for due, stream, request in _arrivals(load):
        if (wait_s := result.began_at + due - monotonic()) > 0:
            await asyncio.sleep(wait_s)
        result.late_s = max(result.late_s, monotonic() - result.began_at - due)
        result.answers.append(answer := Answer(stream, due))
        client.send(request, answer, result.began_at)
    ends = result.began_at + load.seconds + load.drain_s
    while client.open and monotonic() < ends:
        await asyncio.sleep(0.05)
    result.cpu_s = process_time() - cpu_s
    client.close()
    for answer, received in client.received:
        answer.read(received)
    await asyncio.sleep(0)  # the connections close in the next round of the loop
    return result


def _arrivals(load: OpenLoad) -> Iterator[tuple[float, str, bytes]]:
    """The times of all requests, in order, with their streams and their bytes."""

    def arrive(stream: Stream, random: Random) -> Iterator[tuple[float, str, bytes]]:
        at, number = 0.0, 0
        while True:
            at += random.expovariate(stream.rate)
            yield at, stream.name, stream.requests[number % len(stream.requests)]
            number += 1

    streams = [arrive(stream, Random(f"{load.seed} {stream.name}")) for stream in load.streams if stream.rate]
    return takewhile(lambda arrival: arrival[0] < load.seconds, merge(*streams, key=lambda arrival: arrival[0]))


class _Client:
    """Sends requests over as many connections as it needs.

    Attributes:
        open: the requests without an answer.
        received: the answers that came in, as bytes.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self._host, self._port = address.hostname, address.port
        self._idle: list[_Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._connections: set[_Connection] = set()
        self.open = 0
        self.received: list[tuple[Answer, bytes]] = []

    def send(self, request: bytes, answer: Answer, began_at: float) -> None:
        """Send a request; its answer is filled in later."""
        self.open += 1
        if self._idle:
            self._idle.pop().send(request, answer, began_at)
            return
        task = asyncio.create_task(self._connect(request, answer, began_at))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def done(self, connection: "_Connection", *, usable: bool) -> None:
        """Note that a request has ended, and whether its connection can take another one."""
        self.open -= 1
        if usable:
            self._idle.append(connection)

    def lost(self, connection: "_Connection") -> None:
        """Note that the server closed a connection."""
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _connect(self, request: bytes, answer: Answer, began_at: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), self._host, self._port)
        except OSError:
            self.open -= 1
            return
        self._connections.add(connection)
        connection.send(request, answer, began_at)


class _Connection(asyncio.Protocol):
    """A connection with at most one request at a time."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: Answer | None = None
        self._began_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._client.lost(self)
        if self._answer is not None:
            self._answer = None
            self._client.done(self, usable=False)

    def send(self, request: bytes, answer: Answer, began_at: float) -> None:
        """Send a request."""
        assert self._transport
        self._answer, self._began_at, self._received = answer, began_at, b""
        self._transport.write(request)

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._received += data
        head_bytes = self._received.find(END_OF_HEAD)
        if head_bytes < 0 or self._answer is None:
            return
        length = _LENGTH.search(self._received, 0, head_bytes)
        if length is None or len(self._received) < head_bytes + len(END_OF_HEAD) + int(length[1]):
            return
        answer, self._answer = self._answer, None
        answer.ended = monotonic() - self._began_at
        self._client.received.append((answer, self._received))
        self._client.done(self, usable=_CLOSE.search(self._received, 0, head_bytes) is None)
