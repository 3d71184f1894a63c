"""The id of each request: from its caller or new, in the answer, on all lines of the log, and in the job."""

import asyncio
import re
from secrets import token_hex
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import note_of
from api.errors import error_response
from api.request_lines import RequestLines
from config.logs import request_id
from jobs.errors import NoWorker

HEADER = b"x-request-id"
ACCEPTED = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
"""The ids that are taken from callers; for any other one a new id is made."""


class RequestIds:
    """ASGI app around the API: gives each request an id, and writes a line about it to the log.

    Args:
        app: answers the requests.
        lines: of the log.
    """

    def __init__(self, app: ASGIApp, lines: RequestLines) -> None:
        self._app = app
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = id_of(scope)
        # Each request has a task, and so a context, of its own.
        request_id.set(own_id.decode())
        started: Message | None = None
        begun_at = perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message = {**message, "headers": [*message["headers"], (HEADER, own_id)]}
            await send(message)

        # Here, since the framework copies the scope before it adds to it.
        note_of(scope)
        try:
            await self._app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            # The server ends, and gives up the requests that still run.
            if started is not None:
                raise
            answer = error_response(NoWorker("the API ends: send the request again after `Retry-After` seconds"))
            await answer(scope, receive, send_with_id)
        finally:
            self._lines.write(scope, started, begun_at)


def id_of(scope: Scope) -> bytes:
    """The id of a request: that of its caller if it is accepted, else a new one."""
    given = [value for name, value in scope["headers"] if name == HEADER]
    return given[0] if len(given) == 1 and ACCEPTED.fullmatch(given[0]) else token_hex(16).encode()
