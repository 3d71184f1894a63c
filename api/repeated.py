"""Repeats the last refusal for lack of room, for a moment, to requests like the one that was refused.

Under overload most requests are refused. A refusal needs much of the code of the API, which is not in the caches of the
processor while workers run beside it; and they need the time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import RequestNote, note_of
from api.errors import count_refusal, retry_after_s
from api.peeked import PeekedBody
from jobs.errors import Overloaded, type_of

REPEATED_S = 0.1
"""How long a refusal is repeated at most: less time than the backlog is used after it was read."""
_STATE = "repeatable"
_UNHEEDED = frozenset(
    (b"content-length", b"content-type", b"idempotency-key", b"traceparent", b"tracestate", b"x-request-id")
)
"""Headers by which no request is refused early, and that differ between the requests of a caller."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a request was refused.

    Attributes:
        error: the reason.
        ends_at: when it is not repeated any more, as `monotonic` counts.
        unless: whether a request with this body may be accepted; None if the body does not matter.
    """

    error: Overloaded
    ends_at: float
    unless: Callable[[bytes], bool] | None


def repeat(scope: Scope, error: Overloaded, ends_at: float, unless: Callable[[bytes], bool] | None = None) -> None:
    """Have the refusal of a request repeated to others with the same path, query and headers.

    Args:
        scope: of the request.
        error: why it is refused.
        ends_at: until when, as `monotonic` counts. It does not depend on how slowly the body comes in.
        unless: whether a request with this body may be accepted; without it, the body does not matter.
    """
    # A new error: this one has a traceback, and that holds the body of the request.
    scope["state"][_STATE] = _Refusal(Overloaded(str(error), error.retry_after_s), ends_at, unless)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A refusal as it was sent.

    Attributes:
        refusal: why its request was refused.
        note: of its request.
        route: that its request was for.
        start: its first message.
        rest: its other messages.
    """

    refusal: _Refusal
    note: RequestNote
    route: Any
    start: Message
    rest: Sequence[Message]


class RepeatedRefusals:
    """ASGI middleware: answers a request as one like it was refused a moment ago.

    What decides about a refusal is the same for both: the caller's key, the host and the origin, and how much waits.
    So the middleware inside is not asked. The middleware outside does for each request what it does for others.

    Args:
        app: answers the requests; says with `repeat` which refusals may be repeated.
        body_bytes: the most bytes of a body that are read to repeat a refusal.
    """

    def __init__(self, app: ASGIApp, body_bytes: int) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._answers: dict[tuple[object, ...], _Answer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        heeded = [header for header in scope["headers"] if header[0] not in _UNHEEDED]
        asked = (scope["path"], scope["query_string"], *heeded)
        answer = self._answers.get(asked)
        if answer is not None and monotonic() < answer.refusal.ends_at:
            unless, body = answer.refusal.unless, PeekedBody(receive)
            if unless is None or (await body.read(self._body_bytes) and not unless(body.content())):
                await _send_again(answer, scope, send)
                return
            receive = body.receive
        sent: list[Message] = []

        async def send_and_keep(message: Message) -> None:
            if _STATE in scope["state"]:
                sent.append({**message})  # middleware outside adds to the headers
            await send(message)

        await self._app(scope, receive, send_and_keep)
        if (refusal := scope["state"].get(_STATE)) is not None:
            self._keep(asked, refusal, scope, sent)

    def _keep(self, asked: tuple[object, ...], refusal: _Refusal, scope: Scope, sent: Sequence[Message]) -> None:
        now = monotonic()
        # Keys of callers are forgotten with the next refusal.
        self._answers = {key: answer for key, answer in self._answers.items() if now < answer.refusal.ends_at}
        if now < refusal.ends_at:
            self._answers[asked] = _Answer(refusal, note_of(scope), scope["route"], sent[0], sent[1:])


async def _send_again(answer: _Answer, scope: Scope, send: Send) -> None:
    note = note_of(scope)
    note.caller, note.scope = answer.note.caller, answer.note.scope
    scope["route"] = answer.route
    error = answer.refusal.error
    count_refusal(type_of(error))
    headers = [
        # Not the same for all, so that not all come back at once.
        (name, str(retry_after_s(error)).encode()) if name == b"retry-after" else (name, value)
        for name, value in answer.start["headers"]
    ]
    await send({**answer.start, "headers": headers})
    for message in answer.rest:
        await send(message)
