"""A receiver of webhooks on this machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True)
class Received:
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verify(self, secret: str) -> dict[str, Any]:
        """The message; an error if the secret has not signed it."""
        message: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return message


Answer = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, **headers: str) -> Answer:
    """Answers with a status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer


@dataclass
class Receiver:
    """What came in, and what is answered.

    Attributes:
        answers: of the next requests; then each gets 204.
        ended: set at the end of the test.
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    ended: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        """Of a webhook."""
        return f"http://127.0.0.1:{self.port}/hook?token=hush"

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        """Gives no answer until the end of the test."""
        self.ended.wait()

    def wait(self, count: int, seconds: float = 120) -> list[Received]:
        """The requests, once there are so many."""
        deadline = monotonic() + seconds
        while len(self.received) < count:
            assert monotonic() < deadline, f"{len(self.received)} requests"
            sleep(0.02)
        return list(self.received)


@contextmanager
def running_receiver(context: SSLContext | None = None) -> Iterator[Receiver]:
    """Starts a receiver on a free port, over TLS if it has a context, and ends it."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received(self.path, dict(self.headers), body))
            answer = receiver.answers.pop(0) if receiver.answers else status(204)
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A sender that does not wait for the answer is no error."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        receiver.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.ended.set()
            server.shutdown()
            thread.join()
