"""`Outage`: how long the calls of a client are tried while its server does not answer or refuses them."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

PROBE_EVERY_S = 0.5
"""Once the patience is used up, one call in this time is sent to a server that does not answer; the others fail."""


class Outage:
    """What the calls of one process know about failures of a server. Thread-safe.

    A call is tried again until `patience_s` after the start of the first failed call in a row: itself, or an earlier
    one. So calls that wait for each other do not add up their waiting times.

    A server that refuses some calls still answers others, so an answer ends an outage, but not a series of refusals;
    that ends after `patience_s` without a refusal.

    Args:
        patience_s: how long calls are tried again, in seconds.
        clock: gives the time in seconds.
    """

    def __init__(self, patience_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._lock = Lock()
        self._unanswered_since: float | None = None
        self._probe_from = 0.0
        self._refused_since = self._refused_at = float("-inf")

    def admits(self) -> bool:
        """Whether a new call may be sent now. If not, it fails at once."""
        since = self._unanswered_since
        if since is None:
            return True
        with self._lock:
            now = self._clock()
            if now < since + self._patience_s:
                return True
            if now < self._probe_from:
                return False
            # No second probe while this one waits; `unanswered` sets the time of the next one.
            self._probe_from = now + self._patience_s
            return True

    def answered(self) -> None:
        """Record that the server answered a call."""
        if self._unanswered_since is not None:
            with self._lock:
                self._unanswered_since = None

    def unanswered(self, begun_at: float) -> bool:
        """Record that a call that began at this time got no answer. Returns whether it may be tried again."""
        with self._lock:
            now = self._clock()
            if self._unanswered_since is None:
                self._unanswered_since = begun_at
            self._probe_from = now + PROBE_EVERY_S
            return now < self._unanswered_since + self._patience_s

    def refused(self) -> bool:
        """Record that the server refused a call for now. Returns whether it may be tried again."""
        with self._lock:
            now = self._clock()
            self._unanswered_since = None
            if now > self._refused_at + self._patience_s:
                self._refused_since = now
            self._refused_at = now
            return now < self._refused_since + self._patience_s
