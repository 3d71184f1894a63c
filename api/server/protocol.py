"""One connection: uvicorn's protocol, with bounds on the headers of requests and on the time that they take."""

import asyncio
import sys
from functools import partial
from http import HTTPStatus
from time import perf_counter
from typing import Any

import uvicorn
from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.errors import BadRequest, HeadersTooLarge, UrlTooLong, error_response
from api.repeated import Answer, Headers, RepeatedRefusals
from api.server.connections import Connections
from config.errors import FacelineError
from jobs.errors import Overloaded, UploadStalled

LINGER_S = 1.0
"""How long a connection stays open after its request was refused, so that its client can read the answer."""
_OF_UPGRADES = (b"connection", b"upgrade", b"http2-settings")
"""The headers with which a client asks for another protocol."""
HEADER_SEPARATORS = 4
"""The bytes of a header besides its name and value: a colon, a blank and the end of the line."""
END_OF_HEADERS = b"\r\n\r\n"


class BoundedConfig(uvicorn.Config):
    """The configuration of a server.

    Attributes:
        connections: of its process.
        refusals: that are repeated; None if each request is to reach the app.
    """

    connections: Connections
    refusals: RepeatedRefusals | None = None


class BoundedProtocol(HttpToolsProtocol):
    """A connection. It is refused if there are too many, and ended if its client sends too slowly or too much.

    The time that a body takes is bounded in `api.bodies`, where the server knows whether it waits for more of it.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config, BoundedConfig)
        self.ends_at: float | None = None
        self._all = config.connections
        self._limits = config.connections.limits
        self._refusal: FacelineError | None = None
        self._refused = False
        self._in_headers = True
        self._request_whole = False
        self._outside_body = 0
        self._received = b""
        self._refusals = config.refusals
        self._again: Answer | None = None
        self._begun_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        if self._all.admit(self):
            self._all.waits(self, self._limits.header_s)
        else:
            self.refuse(Overloaded("too many connections: come back after `Retry-After` seconds"))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        if self._again is not None:
            self._note_again(self._again)
        self._all.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The client has sent something."""
        if self._refused:
            return
        # The parser holds a name or a value until it is complete, however long it is.
        self._outside_body += len(data)
        self._received = data
        super().data_received(data)
        if self._outside_body > self._limits.header_bytes and not self._refused:
            self.refuse(self._too_large())

    def on_message_begin(self) -> None:
        """A request begins."""
        # The refusal of the one before may have been repeated in the same call of `data_received`.
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self._in_headers, self._request_whole = True, False
        self._all.waits(self, self._limits.header_s)

    def on_headers_complete(self) -> None:
        """The request begins to be answered; its body is still to come."""
        self._in_headers = False
        self.ends_at = None
        self._check_headers()
        # A request that asks for another protocol is parsed a second time, and is answered then.
        if self._asks_for_upgrade:
            return
        self._again = self._find_refusal()
        if self._again is None:
            super().on_headers_complete()
        else:
            self._begun_at = perf_counter()
            self._all.waits(self, self._limits.discard_s)

    def on_body(self, body: bytes) -> None:
        """A part of the body has come."""
        self._outside_body = 0
        if self._again is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request has come."""
        if self._asks_for_upgrade:
            return
        self._outside_body = 0
        self._request_whole = True
        if self._again is not None:
            self._refuse_again(self._again)
            return
        super().on_message_complete()
        if self._answering:
            self._all.works(self)
        else:
            self._all.waits(self, self._limits.idle_s)

    def on_response_complete(self) -> None:
        """The answer is written."""
        super().on_response_complete()
        if not self.pipeline:
            # A body that was answered before its end has to end soon.
            self._all.waits(self, self._limits.idle_s if self._request_whole else self._limits.header_s)

    def _unsupported_upgrade_warning(self) -> None:
        """The request asks for HTTP/2, as those of Java's client do. It is parsed again as one that does not ask.

        The parser takes what follows the headers for another protocol, so the body would be lost.
        """
        if not self._asks_for_upgrade:
            return
        wish = sys.exception()
        assert isinstance(wish, HttpParserUpgrade)
        line = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = (name + b": " + value for name, value in self.headers if name not in _OF_UPGRADES)
        self.parser = HttpRequestParser(self)
        # What follows may ask for another protocol too, at an offset in these bytes.
        self._received = b"\r\n".join([line, *kept, b"", self._received[wish.args[0] :]])
        super().data_received(self._received)

    def send_400_response(self, msg: str) -> None:
        """Answer a request that the parser, or a bound, has refused."""
        self.refuse(self._refusal or BadRequest(msg))

    def refuse(self, error: FacelineError) -> None:
        """Answer with an error, and close the connection."""
        self._refused = True
        self._all.works(self)
        if self._answering or self.transport.is_closing():
            # The error would be taken for the answer to an earlier request, or for a part of it.
            self.transport.close()
            return
        response = error_response(error)
        self._write_last(response.status_code, response.raw_headers, bytes(response.body))

    def _write(self, status: int, headers: Headers, body: bytes) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
        lines += (name + b": " + value for name, value in [*self.server_state.default_headers, *headers])
        self.transport.write(b"\r\n".join([*lines, b"", body]))

    def _write_last(self, status: int, headers: Headers, body: bytes) -> None:
        """Write an answer, and close the connection."""
        self._write(status, [*headers, (b"connection", b"close")], body)
        # Closed at once, it would be reset while the client still sends, and the client would not see the answer.
        if self.transport.can_write_eof():  # not with TLS
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def _find_refusal(self) -> Answer | None:
        """The refusal to repeat to the request whose headers have come; None if the app has to answer it."""
        if not self._refusals or self._answering or self.flow.write_paused or self.expect_100_continue:
            return None
        # Of requests that come together, only the first: the others would hold up the event loop.
        if self._outside_body != len(self._received):
            return None
        if (self.parser.get_method(), self.parser.get_http_version()) != (b"POST", "1.1"):
            return None
        if not self.parser.should_keep_alive():
            return None
        lengths = [int(value) for name, value in self.headers if name == b"content-length"]
        if len(lengths) != 1 or lengths[0] > self._limits.discard_bytes:
            return None
        answer = self._refusals.find(self.url, self.headers, self.client)
        return answer if answer is not None and answer.fits(partial(self._body_at_once, lengths[0])) else None

    def _body_at_once(self, length: int) -> bytes | None:
        """The body of the request whose headers have come; None if it did not come in one part with them."""
        if self._received.startswith((b"\r", b"\n")):
            return None  # the parser passes over them; then the headers do not end at the first empty line
        begin = self._received.find(END_OF_HEADERS) + len(END_OF_HEADERS)
        return self._received[begin:] if len(self._received) == begin + length else None

    def _refuse_again(self, answer: Answer) -> None:
        self._write(answer.status, self._note_again(answer), answer.body)
        self.on_response_complete()

    def _end_again(self, answer: Answer) -> None:
        """Repeat a refusal before the body of its request has come in, and close the connection."""
        self._refused = True
        self._all.works(self)
        self._write_last(answer.status, self._note_again(answer), answer.body)

    def _note_again(self, answer: Answer) -> Headers:
        assert self._refusals is not None
        self._again = None
        return self._refusals.again(answer, self.headers, self.client, self._begun_at)

    def shutdown(self) -> None:
        """See uvicorn."""
        if self._again is not None:
            self._end_again(self._again)
        else:
            super().shutdown()

    def unread_bytes(self) -> int:
        """See `Connection`."""
        return self.transport.get_write_buffer_size()

    def end_late(self) -> None:
        """See `Connection`."""
        if self._answering:
            self._all.works(self)
        elif self._again is not None:
            self._end_again(self._again)
        elif self._in_headers and self._outside_body:
            self.refuse(UploadStalled(f"the headers were not complete after {self._limits.header_s:g} s"))
        else:
            self.transport.close()

    def give_way(self) -> None:
        """See `Connection`."""
        self.transport.close()

    def abort(self) -> None:
        """See `Connection`."""
        self.transport.abort()

    @property
    def _answering(self) -> bool:
        """Whether the answer to a request is not written yet."""
        # None before the first request, unlike its annotation says.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    @property
    def _asks_for_upgrade(self) -> bool:
        """Whether the request asks for another protocol by its headers."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _too_large(self) -> HeadersTooLarge:
        bounds = f"{self._limits.header_bytes} bytes or {self._limits.header_fields} fields"
        return HeadersTooLarge(f"the headers have more than the {bounds} allowed")

    def _check_headers(self) -> None:
        size = len(self.url)
        if size > self._limits.url_bytes:
            self._refusal = UrlTooLong(f"the URL has more than the {self._limits.url_bytes} bytes allowed")
        # What has come is no smaller than the headers, so they are rarely measured.
        if self._outside_body > self._limits.header_bytes:
            size += sum(len(name) + len(value) + HEADER_SEPARATORS for name, value in self.headers)
        if size > self._limits.header_bytes or len(self.headers) > self._limits.header_fields:
            self._refusal = self._too_large()
        if self._refusal:
            raise ValueError("refused")  # the parser tells `data_received`, which refuses the request
