"""When the Python client sends a request again, on a small server that breaks in each of these ways."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

import pytest

from faceline_client import ApiError, Busy, Client, InvalidRequest, NoAnswer, Retries, Unavailable, UnknownAnswer

JOB = {"id": "j1", "status": "queued", "services": [], "stages": [], "created_at": "2026-01-01T00:00:00Z"}
QUICK = Retries(attempts=4, first_pause_s=0.01, longest_pause_s=2)


@dataclass
class BreakingServer:
    """A server that answers with what is in `answers`, and with a job once there is nothing left.

    Attributes:
        answers: status, headers and body of each; None breaks the connection after the request has come.
        keys: the idempotency keys of the requests.
    """

    url: str = ""
    answers: "list[tuple[int, dict[str, str], bytes] | None]" = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def will(self, status: int, type_: str = "any", **headers: str) -> None:
        """Let the next request fail."""
        body = json.dumps({"detail": "why", "type": type_}).encode()
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))


@contextmanager
def serving(server: BreakingServer) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.keys.append(self.headers.get("Idempotency-Key"))
            server.paths.append(self.path)
            answer = server.answers.pop(0) if server.answers else (202, {}, json.dumps(JOB).encode())
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[BreakingServer]:
    breaking = BreakingServer()
    with serving(breaking):
        yield breaking


@pytest.fixture
def client(server: BreakingServer) -> Iterator[Client]:
    with Client(server.url, retries=QUICK) as connected:
        yield connected


@pytest.mark.parametrize(
    "breaks",
    [
        lambda server: server.will(503, "no_worker"),
        lambda server: server.will(502),
        lambda server: server.will(429, "overloaded"),
        lambda server: server.will(408, "upload_stalled"),
        lambda server: server.will(409, "still_coming_in"),
        lambda server: server.answers.append(None),
    ],
)
def test_a_job_is_sent_again_with_its_key(
    server: BreakingServer, client: Client, breaks: Callable[[BreakingServer], None]
) -> None:
    breaks(server)
    breaks(server)
    assert client.submit(b"photo", preset="face-analysis").id == "j1"
    first, second, third = server.keys
    assert first is not None
    assert first == second == third
    client.submit(b"photo", preset="face-analysis")
    assert server.keys[-1] != first


@pytest.mark.parametrize(
    ("status", "type_"), [(422, "invalid_image"), (409, "canceled"), (500, "x"), (504, "timed_out")]
)
def test_what_would_fail_again_is_not_sent_again(
    server: BreakingServer, client: Client, status: int, type_: str
) -> None:
    server.will(status, type_, X_Request_ID="r1")
    with pytest.raises(ApiError) as caught:
        client.submit(b"photo", preset="face-analysis")
    assert (caught.value.status, caught.value.type, caught.value.detail) == (status, type_, "why")
    assert caught.value.request_id == "r1"
    assert len(server.keys) == 1


def test_an_api_that_stays_busy_is_an_error_in_the_end(server: BreakingServer, client: Client) -> None:
    for _ in range(4):
        server.will(503, "no_worker")
    with pytest.raises(Unavailable):
        client.services()
    assert len(server.paths) == 4


def test_a_pause_is_as_long_as_the_answer_asks_for(server: BreakingServer, client: Client) -> None:
    server.will(429, "overloaded", Retry_After="1")
    began = monotonic()
    client.job("j1")
    assert monotonic() - began >= 1


def test_a_pause_that_is_too_long_is_an_error_at_once(server: BreakingServer, client: Client) -> None:
    server.will(429, "rate_limited", Retry_After="86400")
    with pytest.raises(Busy) as caught:
        client.job("j1")
    assert caught.value.retry_after_s == 86400
    assert len(server.paths) == 1


def test_work_without_a_key_is_not_done_twice(server: BreakingServer, client: Client) -> None:
    server.answers.append(None)
    with pytest.raises(NoAnswer):
        client.verify(b"a", b"b")
    assert server.paths == ["/verify"]


def test_another_server_is_recognised(server: BreakingServer, client: Client) -> None:
    server.answers += [(200, {}, b"<html>"), (200, {}, b"{}"), (404, {}, b"not here")]
    with pytest.raises(UnknownAnswer):
        client.services()
    with pytest.raises(UnknownAnswer):
        client.services()
    with pytest.raises(ApiError, match="not here"):
        client.services()


def test_an_address_needs_a_scheme() -> None:
    with pytest.raises(ValueError, match="http://host"):
        Client("127.0.0.1:8000")


def test_pauses_double_are_random_and_have_an_end() -> None:
    retries = Retries(attempts=9, first_pause_s=1, longest_pause_s=4)
    drawn = {attempt: [retries.pause_s(attempt) or 0 for _ in range(50)] for attempt in range(1, 9)}
    assert all(0.5 <= pause <= 1 for pause in drawn[1])
    assert all(1 <= pause <= 2 for pause in drawn[2])
    assert all(2 <= pause <= 4 for attempt in range(3, 9) for pause in drawn[attempt])
    assert len(set(drawn[8])) > 10
    assert retries.pause_s(9) is None


def test_a_refusal_says_which_part_of_the_request_is_wrong(server: BreakingServer, client: Client) -> None:
    detail = [{"loc": ["body", "services", 0], "msg": "unknown service", "type": "unknown"}]
    body = json.dumps({"detail": detail, "type": "invalid_sample"}).encode()
    server.answers.append((422, {}, body))
    with pytest.raises(InvalidRequest, match=r"body\.services\.0: unknown service") as caught:
        client.submit(b"photo", services=["x"])
    assert caught.value.details[0].loc == ("body", "services", 0)
