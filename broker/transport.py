"""Celery's way to a Redis-compatible server, with one client per channel."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

_SCHEMES = ("redis", "rediss")


class Channel(redis.Channel):
    """A channel that keeps its client: a new one for each command takes longer than the command itself."""

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)
        # The pool is made anew when the connection was lost.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()
        return self._kept


class Transport(redis.Transport):
    """The transport of such channels."""

    Channel = Channel


def install() -> None:
    """Have it serve the addresses of Redis-compatible servers in this process."""
    for scheme in _SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
