"""The server repeats a refusal for a moment, and passes each other request to the app."""

import asyncio
import gc
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from logging import INFO
from threading import Thread
from time import monotonic, sleep

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from access.caller import Caller
from access.key import Scope as KeyScope
from api import repeated
from api.audit import note_of
from api.errors import error_response
from api.measured import Measured
from api.repeated import REPEATED_S, KeptRefusals, RepeatedRefusals, repeat
from api.request_ids import RequestIds
from api.request_lines import RequestLines
from api.server.connections import Connections
from api.server.protocol import BoundedConfig, BoundedProtocol
from api.server.run import BoundedServer
from config.settings import LimitSettings
from jobs.errors import Overloaded
from jobs.viewer import Viewer
from metrics.api import REFUSALS, REQUEST_SECONDS

ALICE = Caller(None, "alice", frozenset({KeyScope.JOBS}), Viewer("alice"))
HEADERS = {"Host": "localhost", "Authorization": "Bearer alice"}
DISCARD_S = 1.5
KEPT_S = 1
DISCARD_BYTES = 1000
SILENT_S = 0.5


class Route:
    path = "/repeated"


class Api:
    """A server whose app refuses each body but `urgent`.

    Attributes:
        asked: the bodies that reached the app.
        repeats: whether the app lets its refusals be repeated.
        looks: whether it depends on the body.
        ends: called after a body has come in.
        slow_s: how long the app takes.
    """

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.repeats, self.looks = True, False
        self.slow_s = 0.0
        self.ends: Callable[[], None] = lambda: None
        lines = RequestLines(written=True)
        self.refusals = RepeatedRefusals(lines, behind_proxies=False)
        self._begun, self._over = 0, 0
        self._app = KeptRefusals(RequestIds(Measured(self._answer), lines), self.refusals)
        config = BoundedConfig(
            self._count, interface="asgi3", port=0, http=BoundedProtocol, ws="none", lifespan="off", log_config=None
        )
        config.timeout_keep_alive = KEPT_S
        limits = LimitSettings(discard_s=DISCARD_S, discard_bytes=DISCARD_BYTES)
        config.connections, config.refusals = Connections(limits, 100), self.refusals
        self.server = BoundedServer(config)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._begun += 1
        await self._app(scope, receive, send)
        self._over += 1

    def settle(self) -> None:
        """Waits until the app is done with all requests: a refusal is kept after it was sent."""
        ends = monotonic() + 20
        while self._begun != self._over:
            assert monotonic() < ends
            sleep(0.001)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, body, more = repeated.monotonic(), b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.asked.append(body)
        self.ends()
        await asyncio.sleep(self.slow_s)
        if body == b"urgent":
            await Response("{}", 202)(scope, receive, send)
            return
        scope["route"], scope["app"] = Route(), self
        note_of(scope).caller, note_of(scope).scope = ALICE, KeyScope.JOBS
        error = Overloaded("busy", 100.0)
        if self.repeats:
            repeat(scope, error, began + REPEATED_S, (lambda body: b"urgent" in body) if self.looks else None)
        await error_response(error)(scope, receive, send)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.server.servers[0].sockets[0].getsockname()
        return host, port

    def post(
        self, body: bytes = b"{}", path: str = "/repeated", headers: Mapping[str, str] = HEADERS
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Sends a request; the status, the headers and the body of its answer."""
        connection = HTTPConnection(*self.address, timeout=20)
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        self.settle()
        return found

    def send(self, *parts: bytes, count: int = 1) -> list[int]:
        """Sends bytes over one connection, with pauses; the statuses of so many answers."""
        with socket.create_connection(self.address, timeout=20) as connection:
            for part in parts:
                connection.sendall(part)
                sleep(0.1)
            found = answers(connection, count)
        self.settle()
        return found


def request(body: bytes = b"{}", *more: str, version: str = "1.1") -> bytes:
    """A request as it goes over the wire."""
    fields = [*(f"{name}: {value}" for name, value in HEADERS.items()), *more, f"Content-Length: {len(body)}"]
    return "\r\n".join([f"POST /repeated HTTP/{version}", *fields, "", ""]).encode() + body


def answers(connection: socket.socket, count: int) -> list[int]:
    """The statuses of so many answers, as they come in over a connection."""
    connection.settimeout(20)
    data = b""
    while len(found := re.findall(rb"HTTP/1.1 ([2-5]\d\d)", data)) < count or not data.endswith(b"}"):
        more = connection.recv(65536)
        assert more, data
        data += more
    return [int(status) for status in found]


def until_closed(connection: socket.socket) -> bytes:
    """What comes in until the server closes the connection."""
    connection.settimeout(20)
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def is_silent(connection: socket.socket) -> bool:
    """Whether the server sends nothing for a while."""
    connection.settimeout(SILENT_S)
    try:
        return not connection.recv(1)
    except TimeoutError:
        return True


@pytest.fixture
def api() -> Iterator[Api]:
    """A running server."""
    api, thresholds = Api(), gc.get_threshold()
    thread = Thread(target=api.server.run)
    thread.start()
    ends = monotonic() + 60
    try:
        while not api.server.started:
            assert thread.is_alive()
            assert monotonic() < ends
            sleep(0.01)
        yield api
    finally:
        api.server.should_exit = True
        thread.join()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clock by which refusals are repeated; sets how many seconds later it is."""
    began = monotonic()

    def set_to(later_s: float) -> None:
        monkeypatch.setattr(repeated, "monotonic", lambda: began + later_s)

    set_to(0)
    return set_to


@pytest.fixture
def refused(api: Api, clock: Callable[[float], None]) -> Api:
    """A server that has refused one request."""
    assert api.post(b"first")[0] == 429
    assert api.asked == [b"first"]
    return api


def counted() -> tuple[float, float]:
    """How many requests were measured as refused, and how many were counted as such."""
    observed = REQUEST_SECONDS.labels(Route.path, "POST", 429)._buckets
    return sum(bucket.get() for bucket in observed), REFUSALS.labels("overloaded")._value.get()


def test_a_refusal_is_repeated_for_a_moment_without_asking_again(
    refused: Api, clock: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    clock(0.9 * REPEATED_S)
    with caplog.at_level(INFO):
        answers = [refused.post(b"x" * at, headers={**HEADERS, "X-Request-ID": f"id-{at}"}) for at in range(40)]
    assert refused.asked == [b"first"]
    for at, (status, headers, body) in enumerate(answers):
        assert (status, headers["x-request-id"]) == (429, f"id-{at}")
        assert {"date", "content-type", "content-length", "retry-after"} <= set(headers)
        assert b'"type":"overloaded"' in body
    assert counted() == (before[0] + 40, before[1] + 40)
    lines = [vars(record) for record in caplog.records if record.name == "api.request_lines"]
    assert {(line["route"], line["status"]) for line in lines if "route" in line} == {("/repeated", 429)}
    clock(1.1 * REPEATED_S)
    assert refused.post(b"late")[0] == 429
    assert refused.asked == [b"first", b"late"]


def test_those_who_are_refused_alike_do_not_all_come_back_at_once(refused: Api) -> None:
    times = {int(refused.post()[1]["retry-after"]) for _ in range(40)}
    assert len(refused.asked) == 1
    assert len(times) > 1
    assert all(100 <= seconds <= 151 for seconds in times)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/other", HEADERS),
        ("/repeated?wait=5", HEADERS),
        *(
            ("/repeated", {**HEADERS, **changed})
            for changed in (
                {"Authorization": "Bearer bob"},
                {"X-API-Key": "bob"},
                {"Host": "a.example"},
                {"Origin": "https://a.example"},
                {"Sec-Fetch-Site": "cross-site"},
                {"X-Forwarded-For": "10.0.0.1"},
            )
        ),
        ("/repeated", {"Host": "localhost"}),
    ],
)
def test_another_request_is_looked_at(refused: Api, path: str, headers: Mapping[str, str]) -> None:
    refused.post(b"second", path, headers)
    assert refused.asked == [b"first", b"second"]


@pytest.mark.parametrize(
    ("sent", "open_after"),
    [
        (request(b"again", "Expect: 100-continue"), True),
        (request(b"again", "Connection: close"), False),
        (request(b"again", version="1.0"), False),
        (request(bytes(DISCARD_BYTES + 1)), True),
        (request(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"5\r\nagain\r\n0\r\n\r\n", True),
    ],
    ids=["expect", "close", "1.0", "large", "chunked"],
)
def test_a_request_whose_connection_needs_more_than_an_answer_is_looked_at(
    refused: Api, sent: bytes, open_after: bool
) -> None:
    with socket.create_connection(refused.address, timeout=20) as connection:
        # The same request was refused a moment ago, so only the reason above is left.
        for _ in range(2):
            connection.sendall(sent)
            assert answers(connection, 1) == [429]
            if not open_after:
                break
    assert len(refused.asked) == (3 if open_after else 2)


def test_a_refusal_that_nobody_lets_repeat_is_not_repeated(api: Api) -> None:
    api.repeats = False
    assert [api.post()[0] for _ in range(2)] == [429, 429]
    assert len(api.asked) == 2


def test_a_refusal_whose_body_came_in_slowly_is_not_repeated(api: Api, clock: Callable[[float], None]) -> None:
    api.ends = lambda: clock(1.1 * REPEATED_S)
    for _ in range(2):
        api.post()
        api.ends = lambda: None
    assert len(api.asked) == 2


def test_a_body_that_may_be_accepted_reaches_the_app_whole(api: Api, clock: Callable[[float], None]) -> None:
    api.looks = True
    assert api.send(request(b"first"), request(b"second"), count=2) == [429, 429]
    assert api.asked == [b"first"]
    assert api.send(request(b"urgent")) == [202]
    # The second part comes later, so it is not known whether the body is another one.
    assert api.send(request(b"urgent")[:-3], b"ent") == [202]
    assert api.asked == [b"first", b"urgent", b"urgent"]


def test_requests_that_come_together_are_answered_in_turn(api: Api, clock: Callable[[float], None]) -> None:
    api.looks = True
    assert api.send(request(b"first") + request(b"second") + request(b"urgent"), count=3) == [429, 429, 202]
    together = request(b"third") + request(b"urgent") + request(b"fourth")
    assert api.send(request(b"alone"), together, count=4) == [429, 429, 202, 429]
    assert api.asked == [b"first", b"second", b"urgent", b"third", b"urgent", b"fourth"]


def test_a_slow_answer_to_a_request_that_came_with_a_refused_one_comes_in(refused: Api) -> None:
    # Only the first is answered without the app: many of them would hold up other callers.
    refused.slow_s = 2.5 * KEPT_S
    assert refused.send(request(b"again") + request(b"slow"), count=2) == [429, 429]
    assert refused.asked == [b"first", b"slow"]


def test_empty_lines_before_a_request_do_not_hide_its_body(api: Api, clock: Callable[[float], None]) -> None:
    api.looks = True
    api.send(request(b"first"))
    head = request(b"").replace(b"Content-Length: 0", b"Content-Length: 200")
    # With the empty lines, what comes first is as long as headers that end at once and the whole body.
    begin = b"x" * (200 - len(head))
    body = begin + b"urgent".ljust(200 - len(begin))
    api.send(b"\r\n\r\n" + head + begin, body[len(begin) :])
    assert api.asked == [b"first", body]


def test_requests_for_another_protocol_that_come_together_are_answered(
    api: Api, clock: Callable[[float], None]
) -> None:
    asks = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    assert api.send(request(b"first", *asks) + request(b"second", *asks), count=2) == [429, 429]
    assert api.asked == [b"first", b"second"]


def test_a_body_in_parts_is_read_before_the_refusal_is_repeated(refused: Api) -> None:
    with socket.create_connection(refused.address, timeout=20) as connection:
        connection.sendall(request(b"in parts")[:-5])
        assert is_silent(connection)
        connection.sendall(b"parts")
        assert answers(connection, 1) == [429]
        # The connection can be used again.
        connection.sendall(request(b"again"))
        assert answers(connection, 1) == [429]
    assert refused.asked == [b"first"]


def test_a_refusal_that_is_forgotten_while_a_body_comes_in_is_still_its_answer(
    refused: Api, clock: Callable[[float], None]
) -> None:
    with socket.create_connection(refused.address, timeout=20) as connection:
        connection.sendall(request(b"in parts")[:-5])
        assert is_silent(connection)
        # The next refusal is too old to be repeated when it is sent, and all older ones are forgotten.
        refused.ends = lambda: clock(3 * REPEATED_S)
        assert refused.post(b"slow", headers={"Host": "localhost"})[0] == 429
        assert not len(refused.refusals)
        connection.sendall(b"parts")
        assert answers(connection, 1) == [429]


def test_a_body_that_stalls_is_refused_at_last(refused: Api) -> None:
    before = counted()
    with socket.create_connection(refused.address, timeout=20) as connection:
        connection.sendall(request(b"stalls", "X-Request-ID: stalled")[:-1])
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 429")
    assert b"x-request-id: stalled" in answer
    assert counted() == (before[0] + 1, before[1] + 1)
    assert refused.asked == [b"first"]


def test_a_body_that_still_comes_in_when_the_server_ends_is_refused(refused: Api) -> None:
    before = counted()
    with socket.create_connection(refused.address, timeout=20) as connection:
        connection.sendall(request(b"late", "X-Request-ID: late")[:-1])
        assert is_silent(connection)
        refused.server.should_exit = True
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 429")
    assert b"x-request-id: late" in answer
    assert counted() == (before[0] + 1, before[1] + 1)


def test_a_caller_who_leaves_while_a_body_comes_in_is_counted(refused: Api) -> None:
    before, ends = counted(), monotonic() + 20
    with socket.create_connection(refused.address, timeout=20) as connection:
        connection.sendall(request(b"leaves")[:-1])
        assert is_silent(connection)
    while counted() != (before[0] + 1, before[1] + 1):
        assert monotonic() < ends
        sleep(0.05)
    assert refused.asked == [b"first"]


def test_nothing_of_a_request_is_kept_but_what_its_refusal_depends_on(api: Api, clock: Callable[[float], None]) -> None:
    api.looks = True
    api.post(b"a photo")
    clock(2 * REPEATED_S)
    api.post(b"a photo", headers={"Host": "localhost"})
    (kept,) = api.refusals._answers.items()
    assert b"Bearer alice" not in str(kept).encode()
    assert kept[1].refusal.error.__traceback__ is None
    assert b"a photo" not in str(kept).encode()
