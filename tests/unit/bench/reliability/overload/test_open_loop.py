"""The client of `make overload`, on a tiny server that answers late."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from bench.reliability.overload.open_loop import OpenLoad, Stream, send_open
from bench.speed.http_connection import request

ANSWERS = {
    b"/good": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    b"/busy": b"HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}",
    b"/job": b'HTTP/1.1 202 Accepted\r\ncontent-length: 14\r\n\r\n{"id": "four"}',
}
LATE_S = 0.3


@contextmanager
def server(connections: Counter[str]) -> Iterator[str]:
    """A server that answers each request after `LATE_S`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections["made"] += 1
        try:
            while head := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                await asyncio.sleep(LATE_S)
                if head.split()[1] == b"/lost":
                    break
                writer.write(ANSWERS[head.split()[1]])
        finally:
            writer.close()

    loop = asyncio.new_event_loop()
    started = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{started.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        started.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        # Tasks end in the first turn of the loop, the sockets of their connections are closed in the next ones.
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()


def test_requests_are_sent_at_their_times_though_no_answer_has_come() -> None:
    connections: Counter[str] = Counter()
    with server(connections) as url:
        streams = [Stream(name, 100, [request("POST", f"/{name}")]) for name in ("good", "busy", "job")]
        result = send_open(OpenLoad(url, streams, seconds=1, drain_s=30))
    by_stream = Counter((answer.stream, answer.status, answer.retry_after, answer.job) for answer in result.answers)
    assert set(by_stream) == {("good", 200, None, None), ("busy", 429, 7, None), ("job", 202, None, "four")}
    # On the average 100 of each, and ten times as many as one connection could carry.
    assert all(50 < count < 150 for count in by_stream.values())
    # The clock of the event loop has milliseconds.
    assert all(answer.latency_s >= LATE_S - 0.002 for answer in result.answers)
    assert 10 < connections["made"] <= len(result.answers)


def test_a_connection_that_breaks_is_a_request_without_an_answer() -> None:
    with server(Counter()) as url:
        result = send_open(OpenLoad(url, [Stream("any", 20, [request("POST", "/lost")])], seconds=0.5, drain_s=30))
    assert result.answers
    assert {(answer.status, answer.latency_s) for answer in result.answers} == {(0, float("inf"))}
