"""How Celery reaches a Redis-compatible server: with one client for each channel."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

_SCHEMES = ("redis", "rediss")


class Channel(redis.Channel):
    """A channel that keeps its client: to make one for each command takes longer than the command itself."""

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)
        # The channel makes a new pool when the connection was lost.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()
        return self._kept


class Transport(redis.Transport):
    """The transport of such channels."""

    Channel = Channel


def use_transport() -> None:
    """Use this transport for all Redis-compatible servers in this process.

    The setting `broker_transport` would be simpler, but kombu ignores it for the URL of a Unix socket
    (`redis+socket://`): there the scheme alone names the transport, and it may not be a dotted path.
    """
    for scheme in _SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"


def celery_url(url: str) -> str:
    """The URL of a server as Celery writes it: Unix sockets have another scheme there."""
    return url.replace("unix://", "redis+socket://", 1)
