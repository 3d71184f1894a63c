"""Tells callers what is left of their limits on photos: the headers `RateLimit` and `RateLimit-Policy`.

They are those of draft-ietf-httpapi-ratelimit-headers-10, with photos as the unit.
"""

from collections.abc import Sequence
from math import ceil
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.allowance import Standing
from access.key import Scope as KeyScope
from api.audit import note_of

TAKING = frozenset((KeyScope.PROCESS, KeyScope.JOBS, KeyScope.BATCHES))
"""The scopes of the routes that take photos."""


class AllowanceHeaders:
    """ASGI middleware: adds the headers to answers of routes that take photos, also where they refuse them.

    Args:
        app: answers the requests; its state has the parts of the process.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        note = note_of(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and note.caller is not None and note.scope in TAKING:
                standing = scope["app"].state.parts.allowance.standing(note.caller.owner)
                message = {**message, "headers": [*message["headers"], *headers_of(standing, monotonic())]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def headers_of(standing: Sequence[Standing], now: float) -> list[tuple[bytes, bytes]]:
    """The headers for some windows; none if there is no window.

    Args:
        standing: what is left of each.
        now: the time as `monotonic` counts.
    """
    if not standing:
        return []
    policies, left = [], []
    for one in standing:
        limit = one.window.limit
        ended = one.ends_at <= now
        photos, ends_s = (limit.photos, limit.seconds) if ended else (one.photos, ceil(one.ends_at - now))
        policies.append(f'"{one.window.name}";q={limit.photos};qu="photos";w={limit.seconds}')
        left.append(f'"{one.window.name}";r={photos};t={ends_s}')
    return [(b"ratelimit-policy", ", ".join(policies).encode()), (b"ratelimit", ", ".join(left).encode())]
