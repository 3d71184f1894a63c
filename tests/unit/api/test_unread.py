import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.unread import UnreadBodies


def answered(
    parts: Sequence[bytes],
    headers: Mapping[str, str],
    *,
    status: int = 413,
    method: str = "POST",
    reads: bool = False,
    stalls: bool = False,
) -> tuple[str | None, int]:
    """The `Connection` header of an early answer, and how many parts of the body were read.

    Args:
        parts: of the body.
        headers: of the request.
        status: of the answer.
        method: of the request.
        reads: whether the app reads the first part.
        stalls: whether the body has more than these parts, which never come.
    """
    waiting = list(parts)
    sent: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or stalls}

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if reads:
            await receive()
        await Response(status_code=status)(scope, receive, send)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(UnreadBodies(app, max_bytes=100, max_s=0.05)(scope, receive, send))
    connection = dict(sent[0]["headers"]).get(b"connection")
    return connection.decode() if connection else None, len(parts) - len(waiting)


CHUNKED = {"transfer-encoding": "chunked"}


@pytest.mark.parametrize("reads", [False, True])
def test_the_rest_of_a_body_is_read_before_the_answer(reads: bool) -> None:
    assert answered([bytes(30)] * 3, {"content-length": "90"}, reads=reads) == (None, 3)
    assert answered([bytes(30)] * 3, CHUNKED, reads=reads) == (None, 3)


def test_a_rest_that_is_too_large_is_not_read_to_its_end() -> None:
    assert answered([bytes(30)] * 9, CHUNKED) == ("close", 4)
    assert answered([bytes(30)] * 9, {"content-length": "270"}) == ("close", 0)


def test_a_rest_that_takes_too_long_is_given_up() -> None:
    assert answered([bytes(30)] * 2, CHUNKED, stalls=True) == ("close", 2)


def test_nothing_is_read_of_a_body_that_stalled_or_that_its_client_has_not_begun_to_send() -> None:
    assert answered([bytes(30)], CHUNKED, status=408) == ("close", 0)
    expecting = {"content-length": "30", "expect": "100-continue"}
    assert answered([bytes(30)], expecting) == ("close", 0)
    assert answered([bytes(30), bytes(1)], expecting, reads=True) == (None, 2)


def test_a_request_without_a_body_is_answered_at_once() -> None:
    assert answered([b""], {}) == (None, 0)
    assert answered([b""], {"content-length": "0"}) == (None, 0)
    assert answered([b""], CHUNKED, method="GET") == (None, 0)
