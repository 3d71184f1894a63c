"""Reads the rest of a body that was answered before its end, because most clients send all of it before they read.

Such a client would not see the answer, for example 413, but an error of its connection: the server would close the
connection while the client still sends.
"""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bodies import announced_bytes

_STALLED = 408


class UnreadBodies:
    """ASGI middleware: reads the rest of a body before the answer is sent, and throws it away.

    If the rest is too large or takes too long, the answer is sent at once and the connection is closed.

    Args:
        app: answers the requests.
        max_bytes: that are read of a rest.
        max_s: how long a rest may take.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._max_s = max_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        bodyless = scope["type"] != "http" or scope["method"] in ("GET", "HEAD")
        if bodyless or (announced := announced_bytes(scope)) is None:
            await self._app(scope, receive, send)
            return
        body = _Body(receive, announced, scope)

        async def send_after_body(message: Message) -> None:
            early = message["type"] == "http.response.start" and not body.ended
            # A body that stalled would only stall again.
            if early and (message["status"] == _STALLED or not await body.discard(self._max_bytes, self._max_s)):
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, body.receive, send_after_body)


@dataclass(slots=True)
class _Body:
    """The body of a request, and how far it is read.

    Attributes:
        announced: see `announced_bytes`.
        ended: whether nothing more will come.
    """

    _receive: Receive
    announced: int
    _scope: Scope
    ended: bool = False
    _received_bytes: int = 0
    _begun: bool = False

    async def receive(self) -> Message:
        """The next message; see ASGI."""
        self._begun = True
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        self.ended = not message.get("more_body", False)
        return message

    async def discard(self, max_bytes: int, max_s: float) -> bool:
        """Read the rest; False if that was given up."""
        allowed = self._received_bytes + max_bytes
        if self.announced > allowed:
            return False
        if not self._begun and Headers(scope=self._scope).get("expect", "").lower() == "100-continue":
            return False  # the client waits for leave to send, and gets the answer instead
        try:
            async with asyncio.timeout(max_s):
                while not self.ended and self._received_bytes <= allowed:
                    await self.receive()
        except TimeoutError:
            return False
        return self.ended
