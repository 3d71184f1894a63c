"""The lines of the log about requests."""

from collections.abc import Callable, Mapping
from contextvars import Context
from logging import DEBUG, INFO, getLogger
from time import monotonic, perf_counter
from typing import Any

from starlette.types import Message, Scope

from api.audit import note_of, subject_id

log = getLogger(__name__)

REFUSED = 429
REFUSALS_PER_S = 20
"""So many lines about refused requests are written each second: under overload there may be hundreds."""
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that are asked every few seconds: their requests are logged at DEBUG."""
_ANSWER_UNFINISHED = 499


class RequestLines:
    """Writes a line about each request to the log.

    The line has the template of the route instead of the path, and neither the query nor the address of the caller. Of
    requests that are refused with 429, only some have one: see `RefusalLines`.

    Args:
        written: False writes none.
    """

    def __init__(self, *, written: bool) -> None:
        self._written = written
        self._refusals = RefusalLines()

    def write(self, scope: Scope, started: Message | None, begun_at: float) -> None:
        """Write the line of a request.

        Args:
            scope: of the request.
            started: the beginning of the answer; None if none was begun.
            begun_at: when the request came, in seconds of `perf_counter`.
        """
        if self._written and self._refusals.allow(started["status"] if started else None):
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
