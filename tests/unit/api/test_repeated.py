import asyncio
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import pytest
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from access.caller import Caller
from access.key import Scope as KeyScope
from api import repeated
from api.audit import note_of
from api.errors import error_response
from api.measured import path_of
from api.repeated import REPEATED_S, RepeatedRefusals, repeat
from config.errors import FacelineError
from jobs.errors import NoWorker, Overloaded, UploadStalled
from jobs.viewer import Viewer
from metrics.api import REFUSALS

ALICE = Caller("key-1", "alice", frozenset({KeyScope.JOBS}), Viewer("alice"))
HEADERS = {"host": "localhost", "authorization": "Bearer alice"}
BOUND = 100
STALLS = b"no more comes"


class Route:
    path = "/jobs"


class Api:
    """`RepeatedRefusals` around an app that refuses each body but `urgent`, and counts what it is asked."""

    def __init__(self, error: FacelineError, *, repeats: bool = True, looks: bool = False) -> None:
        self.asked: list[bytes] = []
        self.sending: Callable[[], None] = lambda: None
        self._error = error
        self._repeats, self._looks = repeats, looks
        self._middleware = RepeatedRefusals(self._answer, body_bytes=BOUND)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        try:
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
        except FacelineError as error:
            await error_response(error)(scope, receive, send)
            return
        self.asked.append(body)
        if body == b"urgent":
            await Response(status_code=202)(scope, receive, send)
            return
        scope["route"] = Route()
        note_of(scope).caller, note_of(scope).scope = ALICE, KeyScope.JOBS
        if self._repeats:
            assert isinstance(self._error, Overloaded)
            unless = (lambda body: b"urgent" in body) if self._looks else None
            repeat(scope, self._error, repeated.monotonic() + REPEATED_S, unless)
        await error_response(self._error)(scope, receive, send)

    def post(self, *parts: bytes, **changed: Any) -> tuple[Scope, list[Message]]:
        """Sends a request; what its scope has afterwards, and the answer."""
        waiting, sent = list(parts or [b"{}"]), []
        headers = [(name.encode(), value.encode()) for name, value in changed.pop("headers", HEADERS).items()]
        scope = {"type": "http", "method": "POST", "path": "/jobs", "query_string": b"", "headers": headers, **changed}
        note_of(scope)

        async def receive() -> Message:
            if waiting[0] == STALLS:
                raise UploadStalled("too slow")
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

        async def send(message: Message) -> None:
            self.sending()
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("connection", "close")
            sent.append(message)

        asyncio.run(self._middleware(scope, receive, send))
        return scope, sent


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clock; sets how many seconds later it is."""
    began = monotonic()

    def set_to(later_s: float) -> None:
        monkeypatch.setattr(repeated, "monotonic", lambda: began + later_s)

    set_to(0)
    return set_to


def status(answer: Sequence[Message]) -> int:
    found: int = answer[0]["status"]
    return found


def test_a_refusal_is_repeated_for_a_moment_without_asking_again(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0))
    first_scope, first = api.post()
    counted = REFUSALS.labels("overloaded")._value.get()
    clock(0.9 * REPEATED_S)
    answers = [api.post(headers={**HEADERS, "content-length": "7", "x-request-id": str(at)}) for at in range(40)]
    assert len(api.asked) == 1
    for scope, answer in answers:
        assert status(answer) == 429
        assert [message.get("body") for message in answer] == [message.get("body") for message in first]
        assert path_of(scope) == path_of(first_scope) == "/jobs"
        assert note_of(scope) == note_of(first_scope)
        assert note_of(scope).caller == ALICE
    assert REFUSALS.labels("overloaded")._value.get() == counted + 40
    clock(1.1 * REPEATED_S)
    api.post()
    assert len(api.asked) == 2


def test_those_who_are_refused_alike_do_not_all_come_back_at_once(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0))
    answers = [api.post()[1] for _ in range(40)]
    times = {int(dict(answer[0]["headers"])[b"retry-after"]) for answer in answers}
    assert len(times) > 1
    assert all(100 <= seconds <= 150 for seconds in times)


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "/other"},
        {"query_string": b"wait=5"},
        {"headers": {**HEADERS, "authorization": "Bearer bob"}},
        {"headers": {**HEADERS, "x-api-key": "bob"}},
        {"headers": {**HEADERS, "host": "a.example"}},
        {"headers": {**HEADERS, "origin": "https://a.example"}},
        {"headers": {**HEADERS, "sec-fetch-site": "cross-site"}},
        {"headers": {"host": "localhost"}},
    ],
)
def test_another_request_is_looked_at(clock: Callable[[float], None], changed: Mapping[str, Any]) -> None:
    api = Api(Overloaded("busy", 100.0))
    api.post()
    api.post(**changed)
    assert len(api.asked) == 2


def test_a_refusal_that_nobody_lets_repeat_is_not_repeated(clock: Callable[[float], None]) -> None:
    api = Api(NoWorker("no worker"), repeats=False)
    assert [status(api.post()[1]) for _ in range(2)] == [503, 503]
    assert len(api.asked) == 2


@pytest.mark.parametrize("parts", [(b"urgent",), (b"urg", b"ent")])
def test_a_body_that_may_be_accepted_is_passed_on_whole(
    clock: Callable[[float], None], parts: tuple[bytes, ...]
) -> None:
    api = Api(Overloaded("busy", 100.0), looks=True)
    assert [status(api.post(b"late")[1]), status(api.post(b"la", b"ter")[1])] == [429, 429]
    assert api.asked == [b"late"]
    assert status(api.post(*parts)[1]) == 202
    assert api.asked == [b"late", b"urgent"]


def test_a_refusal_whose_body_came_in_slowly_is_not_repeated(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0))
    api.sending = lambda: clock(1.1 * REPEATED_S)
    api.post()
    api.post()
    assert len(api.asked) == 2


def test_what_is_outside_changes_the_headers_of_its_own_answer_only(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0))
    for _ in range(3):
        names = [name for name, _ in api.post()[1][0]["headers"]]
        assert names.count(b"connection") == 1


def test_a_body_that_stalls_while_it_is_looked_at_is_answered_as_such(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0), looks=True)
    api.post()
    assert status(api.post(b"urg", STALLS)[1]) == 408


def test_a_body_that_is_too_large_to_be_looked_at_is_passed_on_whole(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0), looks=True)
    large = [bytes(BOUND), bytes(BOUND), b"end"]
    api.post()
    api.post(*large)
    assert api.asked[1:] == [b"".join(large)]


def test_nothing_of_a_request_is_kept_but_what_its_refusal_depends_on(clock: Callable[[float], None]) -> None:
    api = Api(Overloaded("busy", 100.0), looks=True)
    api.post(b"a photo")
    clock(2 * REPEATED_S)
    api.post(b"a photo", headers={"host": "localhost"})
    (kept,) = api._middleware._answers.items()
    assert b"Bearer alice" not in str(kept).encode()
    assert kept[1].refusal.error.__traceback__ is None
    assert b"a photo" not in str(kept).encode()
