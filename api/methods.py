"""The methods of a path: HEAD where GET works, and all of them in the `Allow` header of a 405."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Methods:
    """ASGI middleware: answers HEAD as GET without the body, and completes the `Allow` header of a 405.

    The framework does neither: it adds no HEAD to GET, and `Allow` has the methods of the first route of a path only.

    Args:
        app: answers the requests.
        routes: of the app.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = dict(scope)
        ended = False

        async def send_completed(message: Message) -> None:
            nonlocal ended
            if ended:
                return
            if message["type"] == "http.response.start" and message["status"] == 405:
                if allowed := allowed_methods(self._routes, asked):
                    MutableHeaders(scope=message)["Allow"] = ", ".join(allowed)
            elif message["type"] == "http.response.body" and asked["method"] == "HEAD":
                # The end: the server then reports a disconnect, so that a stream stops.
                ended, message = True, {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        await self._app(inner, receive, send_completed)


def allowed_methods(routes: Sequence[BaseRoute], scope: MutableMapping[str, Any]) -> list[str]:
    """The methods that the routes have for the path of a request."""
    allowed = [method for method in METHODS if any(_allows(route, scope, method) for route in routes)]
    return ["HEAD", *allowed] if "GET" in allowed else allowed


def _allows(route: BaseRoute, scope: MutableMapping[str, Any], method: str) -> bool:
    # What is mounted are files, which are only read.
    readable = method == "GET" or not isinstance(route, Mount)
    return readable and route.matches({**scope, "method": method})[0] is Match.FULL
