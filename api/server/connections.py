"""The open connections of a process: how many there are, and which of them may be closed to make room."""

from logging import getLogger
from time import monotonic
from typing import Protocol

from config.settings import LimitSettings

log = getLogger(__name__)

UNREAD_S = 60.0
"""A connection whose client reads nothing of an answer for this long is ended."""


class Connection(Protocol):
    """A connection of a caller.

    Attributes:
        ends_at: when its client must have sent more, in seconds of `monotonic`; None if the client may take its time.
    """

    ends_at: float | None

    def unread_bytes(self) -> int:
        """How many bytes of answers the client has not read."""

    def end_late(self) -> None:
        """End it, because its client did not send in time."""

    def give_way(self) -> None:
        """Close it, because another one needs its room."""

    def abort(self) -> None:
        """Close it without sending what the client has not read."""


class Connections:
    """Counts the connections of a process, and ends a connection that exceeds its time. For one event loop.

    If there are too many, the connection gives way that has waited longest for its client: one that is idle, or whose
    request is not complete. A connection whose request is being answered never gives way.

    Args:
        limits: of requests.
        most: how many connections may be open.
    """

    def __init__(self, limits: LimitSettings, most: int) -> None:
        self.limits = limits
        self.most = most
        self._open: dict[Connection, tuple[int, float]] = {}
        self._waiting: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Take a new connection in; False if there is no room for it."""
        if len(self._open) >= self.most:
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                return False
            self.remove(oldest)
            oldest.give_way()
        self._open[connection] = (0, monotonic())
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.pop(connection, None)
        self._waiting.pop(connection, None)

    def waits(self, connection: Connection, seconds: float | None) -> None:
        """Note that a connection waits from now on for its client, at most so long."""
        connection.ends_at = None if seconds is None else monotonic() + seconds
        if connection in self._open:
            self._waiting.pop(connection, None)
            self._waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """Note that a connection has a whole request, which is being answered."""
        connection.ends_at = None
        self._waiting.pop(connection, None)

    def sweep(self) -> None:
        """End the connections that exceed their time."""
        now = monotonic()
        for connection in [one for one in self._waiting if one.ends_at is not None and one.ends_at < now]:
            try:
                connection.end_late()
            except Exception:  # the server and the other connections go on
                log.exception("a connection that exceeded its time could not be answered")
                connection.abort()
        for connection, (unread, since) in list(self._open.items()):
            still = connection.unread_bytes()
            if not still or still != unread:
                self._open[connection] = (still, now)
            elif now - since > UNREAD_S:
                connection.abort()
