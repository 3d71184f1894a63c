"""`PeekedBody`: looks at the body of a request before the app receives it."""

from collections import deque

from starlette.types import Message, Receive

from config.errors import FacelineError


class PeekedBody:
    """The body of a request, which is looked at and then received as if it had not been.

    Args:
        receive: the channel that it comes from; see ASGI.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: deque[Message] = deque()
        self._error: FacelineError | None = None

    async def read(self, most: int) -> bool:
        """Read the body; False if it has more bytes than `most`, or does not come in whole."""
        size, ended = 0, False
        while size <= most and not ended:
            try:
                message = await self._receive()
            except FacelineError as error:
                self._error = error
                return False
            self._messages.append(message)
            if message["type"] == "http.disconnect":
                return False
            size += len(message.get("body", b""))
            ended = not message.get("more_body", False)
        return ended and size <= most

    def content(self) -> bytes:
        """What was read."""
        return b"".join(message.get("body", b"") for message in self._messages)

    async def receive(self) -> Message:
        """The next message of the request, from its beginning; raises what ended the reading."""
        if self._messages:
            return self._messages.popleft()
        if self._error is not None:
            raise self._error
        return await self._receive()
