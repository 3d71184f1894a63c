"""Bounds on the bodies that come in: how slow each may be, and how many bytes of them are held at a time."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from config.settings import LimitSettings
from jobs.errors import Overloaded, UploadStalled

YIELDS_AFTER_S = 2.0
"""A body that has taken this long so far gives way if there is no room for another one."""


class Bodies:
    """ASGI middleware: ends bodies that come in too slowly, and refuses those for which there is no room.

    The room of a body is free again when its request is answered: until then the request is held.

    Args:
        app: answers the requests.
        limits: of bodies.
        streams: the first part of the paths whose bodies are not held whole, or have bounds of their own.
    """

    def __init__(self, app: ASGIApp, limits: LimitSettings, streams: str) -> None:
        self._app = app
        self._limits = limits
        self._streams = streams
        self._room = BodyRoom(limits.open_bodies_bytes)
        self._most_bytes = limits.with_another_image.body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        announced = announced_bytes(scope) if scope["type"] == "http" else None
        if announced is None:
            await self._app(scope, receive, send)
            return
        body = Body(receive, self._limits, None if scope["path"].startswith(self._streams) else self._room)
        try:
            # More than this of a body is not read.
            body.reserve(min(announced, self._most_bytes))
        except Overloaded as error:
            await error_response(error)(scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._room.remove(body)


def announced_bytes(scope: Scope) -> int | None:
    """How many bytes the headers of a request announce for its body: 0 if they do not say; None without a body."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) or None
        if name == b"transfer-encoding":
            return 0
    return None


class BodyRoom:
    """The bytes of all bodies that are held. For one event loop.

    Args:
        max_bytes: of the bodies together.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._free = max_bytes
        self._sizes: dict[Body, int] = {}

    def take(self, body: "Body", size: int) -> None:
        """Give a body more room, if need be that of the bodies that have been coming in for longest.

        Raises:
            Overloaded: there is no room.
        """
        while size > self._free and (slow := self._slowest(body)) is not None:
            self.remove(slow)
            slow.end()
        if size > self._free:
            raise Overloaded("too many bodies are being received: send this one again after `Retry-After` seconds")
        self._free -= size
        self._sizes[body] = self._sizes.get(body, 0) + size

    def remove(self, body: "Body") -> None:
        """Free the room of a body."""
        self._free += self._sizes.pop(body, 0)

    def _slowest(self, other: "Body") -> "Body | None":
        latest = monotonic() - YIELDS_AFTER_S
        return next((one for one in self._sizes if one is not other and one.coming and one.since < latest), None)


@dataclass(eq=False, slots=True)
class Body:
    """The body of a request.

    Attributes:
        coming: whether more of it is to come.
        since: when its request came.
    """

    _receive: Receive
    _limits: LimitSettings
    _room: BodyRoom | None
    coming: bool = True
    since: float = field(default_factory=monotonic)
    _unused: int = 0
    _left_s: float = 0
    _reader: asyncio.Task[Any] | None = None
    _late: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        self._left_s = self._limits.body_s

    def reserve(self, size: int) -> None:
        """Take room for bytes that are announced.

        Raises:
            Overloaded: there is no room.
        """
        if self._room:
            self._room.take(self, size)
            self._unused = size

    def end(self) -> None:
        """Refuse the rest: another body needs the room."""
        self._ended = True
        if self._reader:
            self._reader.cancel()

    async def receive(self) -> Message:
        """The next message; see ASGI.

        Raises:
            UploadStalled: the body comes in too slowly.
            Overloaded: there is no room for the body.
        """
        if not self.coming:
            return await self._receive()
        self._require_room()
        started = monotonic()
        message = await self._receive_in_time()
        size = len(message.get("body", b""))
        # Only the time that the server waits for the body counts.
        gained_s = size / self._limits.body_bytes_per_s - (monotonic() - started)
        self._left_s = min(self._limits.body_s, self._left_s + gained_s)
        if self._room and size > self._unused:
            self._room.take(self, size - self._unused)
        self._unused = max(0, self._unused - size)
        self.coming = message.get("more_body", False)
        return message

    async def _receive_in_time(self) -> Message:
        # As `asyncio.timeout` does it, in a fifth of the time.
        self._reader = reader = asyncio.current_task()
        assert reader is not None
        timer = asyncio.get_running_loop().call_later(max(0, self._left_s), self._expire)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if self._late or self._ended:
                reader.uncancel()
            self._require_room()
            if not self._late:
                raise
            rate = f"{self._limits.body_bytes_per_s} bytes per second"
            raise UploadStalled(f"the body was slower than {rate} for {self._limits.body_s:g} s") from None
        finally:
            timer.cancel()
            self._reader = None

    def _expire(self) -> None:
        self._late = True
        if self._reader:
            self._reader.cancel()

    def _require_room(self) -> None:
        if self._ended:
            raise Overloaded(
                "the body came in slowly, and others needed its room: send it again after `Retry-After` seconds"
            )
