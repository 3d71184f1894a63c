"""Locations in answers, where a proxy offers the API under a path of its own and removes it from requests."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCATIONS = (b"location", b"content-location")


class RootPath:
    """ASGI middleware: puts the path of the proxy before the locations in the headers of answers.

    Args:
        app: answers the requests, whose paths begin behind the one of the proxy.
        root_path: of the proxy.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_path(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, self._whole(name, value)) for name, value in message["headers"]]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_path)

    def _whole(self, name: bytes, value: bytes) -> bytes:
        return self._root_path + value if name.lower() in LOCATIONS and value.startswith(b"/") else value
