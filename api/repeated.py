"""Repeats the last refusal for lack of room, for a moment, to requests like the one that was refused.

Under overload most requests are refused. A refusal needs much of the code of the API, which is not in the caches of the
processor while workers run beside it; and they need the time. So the server repeats it without the app.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import note_of, pass_note, write_entry
from api.errors import STATUS, count_refusal, retry_after_s
from api.measured import observe
from api.request_ids import HEADER, id_of
from api.request_lines import RequestLines
from config.logs import request_id
from jobs.errors import Overloaded, type_of

REPEATED_S = 0.1
"""How long a refusal is repeated at most: less time than the backlog is used after it was read."""
_STATE = "repeatable"
_UNHEEDED = frozenset((b"content-length", b"content-type", b"idempotency-key", b"traceparent", b"tracestate", HEADER))
"""Headers by which no request is refused early, and that differ between the requests of a caller."""

Headers = Sequence[tuple[bytes, bytes]]
Address = tuple[str, int]


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
    """Have the refusal of a request repeated to others with the same URL and headers.

    Args:
        scope: of the request.
        error: why it is refused.
        ends_at: until when, as `monotonic` counts. It does not depend on how slowly the body comes in.
        unless: whether a request with this body may be accepted; without it, the body does not matter.
    """
    # A new error: this one has a traceback, and that holds the body of the request.
    scope["state"][_STATE] = _Refusal(Overloaded(str(error), error.retry_after_s), ends_at, unless)


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal as it was sent.

    Attributes:
        refusal: why its request was refused.
        scope: what the log, the audit and the metrics need of that of its request.
        start: its first message.
        body: its body.
    """

    refusal: _Refusal
    scope: Scope
    start: Message
    body: bytes

    @property
    def status(self) -> int:
        """Its HTTP status."""
        found: int = self.start["status"]
        return found

    def fits(self, body: Callable[[], bytes | None]) -> bool:
        """Whether it is the answer to a request with this body; not if the body is unknown and matters."""
        if (unless := self.refusal.unless) is None:
            return True
        content = body()
        return content is not None and not unless(content)


class RepeatedRefusals:
    """The refusals of the last moment.

    What decides about a refusal is the same for the requests that get it again: the caller's key, the host and the
    origin, and how much waits. So the app is not asked. What it does beside, for the log, the audit and the metrics, is
    done here.

    Args:
        lines: of the log.
        behind_proxies: the address of a caller is the one that a proxy names in a header.
    """

    def __init__(self, lines: RequestLines, *, behind_proxies: bool) -> None:
        self._lines = lines
        self._behind_proxies = behind_proxies
        self._answers: dict[tuple[object, ...], Answer] = {}

    def __len__(self) -> int:
        """How many there are, old ones included."""
        return len(self._answers)

    def keep(self, asked: Scope, peer: Address | None, sent: Sequence[Message]) -> None:
        """Keep the answer to a request if it may be repeated.

        Args:
            asked: the scope of the request.
            peer: the other end of its connection.
            sent: the messages of the answer.
        """
        refusal: _Refusal | None = asked["state"].get(_STATE)
        if refusal is None or not sent or sent[0]["status"] != STATUS[Overloaded.type]:
            return
        if any(name.lower() == b"connection" for name, _ in sent[0]["headers"]):
            return
        now = monotonic()
        # Keys of callers are forgotten with the next refusal.
        self._answers = {key: answer for key, answer in self._answers.items() if now < answer.refusal.ends_at}
        if now < refusal.ends_at:
            url = asked["raw_path"] + (b"?" + asked["query_string"] if asked["query_string"] else b"")
            needed = {name: asked[name] for name in ("method", "path", "route", "app", "client")}
            pass_note(asked, needed)
            body = b"".join(message["body"] for message in sent[1:])
            self._answers[self._key(url, asked["headers"], peer)] = Answer(refusal, needed, sent[0], body)

    def find(self, url: bytes, headers: Headers, peer: Address | None) -> Answer | None:
        """The refusal of a request like this one; None if there is none of the last moment.

        Args:
            url: as it stands in the request line of a POST.
            headers: with lower-case names.
            peer: the other end of its connection.
        """
        answer = self._answers.get(self._key(url, headers, peer))
        return answer if answer is not None and monotonic() < answer.refusal.ends_at else None

    def again(self, answer: Answer, headers: Headers, peer: Address | None, begun_at: float) -> Headers:
        """The headers of an answer for one more request, which is logged, noted for the audit and counted.

        Args:
            answer: the one to repeat.
            headers: of the request.
            peer: the other end of its connection.
            begun_at: when its headers had come, in seconds of `perf_counter`.
        """
        client = answer.scope["client"] if self._behind_proxies else peer
        # In a context of its own, as other requests have: the lines of the log have the id of the request.
        return Context().run(self._again, answer, {**answer.scope, "headers": headers, "client": client}, begun_at)

    def _again(self, answer: Answer, scope: Scope, begun_at: float) -> Headers:
        own_id = id_of(scope)
        request_id.set(own_id.decode())
        # Not the same time for all, so that not all come back at once.
        own: Mapping[bytes, bytes] = {b"retry-after": str(retry_after_s(answer.refusal.error)).encode(), HEADER: own_id}
        headers = [(name, own.get(name, value)) for name, value in answer.start["headers"]]
        start = {**answer.start, "headers": headers}
        count_refusal(type_of(answer.refusal.error))
        write_entry(scope, note_of(scope), start)
        observe(scope, answer.status, begun_at)
        self._lines.write(scope, start, begun_at)
        return headers

    def _key(self, url: bytes, headers: Headers, peer: Address | None) -> tuple[object, ...]:
        # Only some peers are proxies, which may name another address.
        proxy = peer[0] if peer and self._behind_proxies else None
        return (url, proxy, *(header for header in headers if header[0] not in _UNHEEDED))


class KeptRefusals:
    """ASGI app around the API: keeps the refusals that may be repeated.

    Args:
        app: answers the requests; says with `repeat` which refusals may be repeated.
        refusals: where they are kept.
    """

    def __init__(self, app: ASGIApp, refusals: RepeatedRefusals) -> None:
        self._app = app
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        sent: list[Message] = []
        peer = scope["client"]

        async def send_and_keep(message: Message) -> None:
            if _STATE in scope["state"]:
                sent.append(message)
            await send(message)

        await self._app(scope, receive, send_and_keep)
        self._refusals.keep(scope, peer, sent)
