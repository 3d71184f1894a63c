"""Measures how long each request takes, by route, method and status."""

from functools import cache
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.methods import METHODS
from metrics.api import REQUEST_SECONDS

_seconds_of = cache(REQUEST_SECONDS.labels)
UNMATCHED = "none"
UNANSWERED = 0
"""The status of a request whose answer has not begun, since the process ends."""


class Measured:
    """ASGI middleware: measures each request, from its headers to the end of the answer.

    Args:
        app: answers the requests; its router notes the route in the scope.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = UNANSWERED, perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            # The framework answers it, outside of all middleware.
            status = status or 500
            raise
        finally:
            observe(scope, status, began)


def observe(scope: Scope, status: int, began: float) -> None:
    """Count a request, and how long it took.

    Args:
        scope: of the request.
        status: of its answer.
        began: when it came, in seconds of `perf_counter`.
    """
    _seconds_of(path_of(scope), method_of(scope), status).observe(perf_counter() - began)


def method_of(scope: Scope) -> str:
    """The method of a request; `none` if no route has it, since its name is the caller's."""
    method: str = scope["method"]
    return method if method in (*METHODS, "HEAD", "OPTIONS") else UNMATCHED


def path_of(scope: Scope) -> str:
    """The path of the route with the names of its parameters, such as `/jobs/{job_id}`; `none` without a route."""
    return getattr(scope.get("route"), "path", UNMATCHED)
