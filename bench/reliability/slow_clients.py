"""Slow clients: many connections that stay idle or send a few bytes per second, and a caller who wants an answer.

python -m bench.reliability.slow_clients http://127.0.0.1:8000 --dripping 200 --idle 1100 --seconds 60
"""

import argparse
import asyncio
import resource
import sys
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx

DRIP_EVERY_S = 1.0
ASK_EVERY_S = 0.25
TIMEOUT_S = 30.0
"""A caller who has no answer by then counts as shut out."""

BODY_HEAD = (
    b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 7000000\r\n\r\n"
)
HEADERS_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@dataclass(slots=True)
class Crowd:
    """What happened to slow clients, and to the caller beside them.

    Attributes:
        connected: how many slow clients of each kind had a connection.
        not_opened: how many slow clients had none, by the reason. With any, the rest is no proof.
        ended: how many of each kind the server ended, by the status that it gave; 0 for none.
        answers: to the caller, by status; 0 for none.
        waits_s: how long the caller waited for each answer.
    """

    connected: Counter[str] = field(default_factory=Counter)
    not_opened: Counter[str] = field(default_factory=Counter)
    ended: Counter[tuple[str, int]] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)

    @property
    def shut_out(self) -> int:
        """How many requests of the caller had no answer, or an error."""
        return sum(count for status, count in self.answers.items() if not 200 <= status < 300)

    def __str__(self) -> str:
        waits = sorted(self.waits_s) or [0.0]
        ended = [f"{kind} {status or 'closed'}: {count}" for (kind, status), count in sorted(self.ended.items())]
        return (
            f"connected: {dict(self.connected)}, not opened: {dict(self.not_opened) or 'none'}\n"
            f"ended by the server: {', '.join(ended) or 'none'}\n"
            f"the caller beside them: {self.answers.total()} requests, {self.shut_out} shut out, "
            f"p50 {1000 * waits[len(waits) // 2]:.0f} ms, slowest {1000 * waits[-1]:.0f} ms"
        )


async def crowd(url: str, dripping: int, idle: int, seconds: float, path: str = "/healthz") -> Crowd:
    """Opens slow connections, and asks for an answer beside them.

    Args:
        url: the address of the API.
        dripping: half of these send a byte of a body each second, the other half a byte of headers.
        idle: so many connections send nothing.
        seconds: how long the connections are held at most.
        path: what the caller asks for, each time over a new connection.
    """
    seen = Crowd()
    ends = monotonic() + seconds
    address = urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    kinds = [("body", BODY_HEAD)] * (dripping // 2) + [("headers", HEADERS_HEAD)] * (dripping - dripping // 2)
    clients: list[Coroutine[Any, Any, None]] = [
        _slow_client(host, port, kind, head, ends, seen) for kind, head in [*kinds, *[("idle", b"")] * idle]
    ]
    await asyncio.gather(_caller(f"{url}{path}", ends, seen), *clients)
    return seen


async def _slow_client(host: str, port: int, kind: str, head: bytes, ends: float, seen: Crowd) -> None:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        seen.not_opened[error.strerror or str(error)] += 1
        return
    seen.connected[kind] += 1
    answer = asyncio.ensure_future(reader.read(100))
    try:
        writer.write(head)
        while not answer.done() and monotonic() < ends:
            if head:
                writer.write(b"x")
            await asyncio.wait([answer], timeout=DRIP_EVERY_S)
        if answer.done():
            with suppress(OSError):
                answer.result()
            status = b"" if answer.exception() else answer.result()[9:12]
            seen.ended[kind, int(status or 0)] += 1
    finally:
        answer.cancel()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _caller(url: str, ends: float, seen: Crowd) -> None:
    while monotonic() < ends:
        started = monotonic()
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as client:
                status = (await client.get(url)).status_code
        except httpx.TransportError:
            status = 0
        seen.answers[status] += 1
        seen.waits_s.append(monotonic() - started)
        await asyncio.sleep(ASK_EVERY_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what happened; the exit status is 1 if not all connections were opened, or the caller had no answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", help="the address of the API")
    parser.add_argument("--dripping", type=int, default=200, help="connections that send a byte per second")
    parser.add_argument("--idle", type=int, default=1100, help="connections that send nothing")
    parser.add_argument("--seconds", type=float, default=60, help="how long they are held at most")
    given = parser.parse_args(arguments)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    seen = asyncio.run(crowd(given.url, given.dripping, given.idle, given.seconds))
    print(seen)
    return 1 if seen.shut_out or seen.not_opened else 0


if __name__ == "__main__":
    sys.exit(main())
