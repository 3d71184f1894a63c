"""The id of each request: from its caller or new, in the answer, on all lines of the log, and in the job."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextvars import Context
from logging import DEBUG, INFO, getLogger
from secrets import token_hex
from time import monotonic, perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit import note_of, subject_id
from api.errors import error_response
from config.logs import request_id
from jobs.errors import NoWorker

log = getLogger(__name__)

HEADER = b"x-request-id"
ACCEPTED = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
"""The ids that are taken from callers; for any other one a new id is made."""
REFUSED = 429
REFUSALS_PER_S = 20
"""So many lines about refused requests are written each second: under overload there may be hundreds."""
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that are asked every few seconds: their requests are logged at DEBUG."""
_ANSWER_UNFINISHED = 499


class RequestIds:
    """ASGI app around the API: gives each request an id, and writes a line about it to the log.

    The line has the template of the route instead of the path, and neither the query nor the address of the caller. Of
    requests that are refused with 429, only some have one: see `RefusalLines`.

    Args:
        app: answers the requests.
        access_log: whether a line is written.
    """

    def __init__(self, app: ASGIApp, *, access_log: bool) -> None:
        self._app = app
        self._access_log = access_log
        self._refusals = RefusalLines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own_id = _given_id(scope) or token_hex(16).encode()
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
            if self._access_log and self._refusals.allow(started["status"] if started else None):
                _write(scope, started, (perf_counter() - begun_at) * 1000)


class RefusalLines:
    """Limits the lines about refused requests; a line of its own says how many are missing.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._second = 0
        self._refused = 0

    def allow(self, status: int | None) -> bool:
        """Whether the line about a request is written.

        Args:
            status: of its answer; None without an answer.
        """
        second = int(self._clock())
        if second != self._second:
            if self._refused > REFUSALS_PER_S:
                # In a context of its own: the line is not about this request.
                Context().run(_write_missing, self._refused - REFUSALS_PER_S)
            self._second, self._refused = second, 0
        if status != REFUSED:
            return True
        self._refused += 1
        return self._refused <= REFUSALS_PER_S


def _write_missing(count: int) -> None:
    log.info("requests refused without a line of their own", extra={"count": count})


def _given_id(scope: Scope) -> bytes | None:
    given = [value for name, value in scope["headers"] if name == HEADER]
    return given[0] if len(given) == 1 and ACCEPTED.fullmatch(given[0]) else None


def _write(scope: Scope, started: Message | None, ms: float) -> None:
    level = DEBUG if scope["path"] in PROBES else INFO
    if not log.isEnabledFor(level):
        return
    note = note_of(scope)
    fields: Mapping[str, Any] = {
        "method": scope["method"],
        "route": _template(scope),
        "status": started["status"] if started else _ANSWER_UNFINISHED,
        "ms": round(ms, 1),
        "key": note.caller.key_id if note.caller else None,
        "subject": subject_id(scope, started),
    }
    log.log(level, "request answered", extra={name: value for name, value in fields.items() if value is not None})


def _template(scope: Scope) -> str | None:
    """The path of the route with the names of its parameters, such as `/jobs/{job_id}`; None if there is no route."""
    return getattr(scope.get("route"), "path", None)
