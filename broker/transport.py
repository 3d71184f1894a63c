"""How Celery reaches a Redis-compatible server: one client for each channel, and calls that outlast its failures."""

from collections.abc import Callable, Iterator, Mapping
from logging import getLogger
from time import time
from typing import Any
from urllib.parse import quote

from celery.worker import state
from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.utils.functional import retry_over_time
from kombu.utils.json import dumps

from config.sentinel import SentinelUrl
from jobs.redis.connection import (
    SentinelConnection,
    SentinelSSLConnection,
    is_full,
    login_to_sentinels,
    passes,
    reason_of,
)

log = getLogger(__name__)

RETRY_S = 0.2
"""The shortest pause between two tries of a command that must not get lost."""

_SCHEMES = ("redis", "rediss")
_SENTINEL = "sentinel"
# A full server refuses the first write of a script only, and only if it takes memory. The first one here takes none.
_NOTE_TAKEN = """
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
"""
_PUT = """
redis.call('LTRIM', KEYS[1], 0, -1)
redis.call('LPUSH', KEYS[1], ARGV[1])
"""


class QoS(redis.QoS):
    """The messages that a worker has taken and not acknowledged.

    What notes a message as taken or done is tried until the server accepts it: otherwise the message would be lost, or
    its place in the worker would stay taken.
    """

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note that a message was taken."""
        self._outlast(self._append, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Note that a message is done."""
        self._outlast(super().ack, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put a message back into its queue, or drop it."""
        self._outlast(super().reject, delivery_tag, requeue)

    def restore_unacked(self, client: Any = None) -> None:
        """Put the messages back whose tasks do not run.

        A worker that only connects again goes on with its running tasks, and acknowledges them later.
        """
        if state.should_stop is None and state.should_terminate is None:
            for request in tuple(state.active_requests):
                self._delivered.pop(request.message.delivery_tag, None)
        super().restore_unacked(client)

    def restore_visible(self, *arguments: Any, **options: Any) -> None:
        """Put the messages back that a worker took and did not acknowledge in time; the next look is soon."""
        try:
            super().restore_visible(*arguments, **options)
        except self.channel.ResponseError as error:
            raise_unless_it_passes(error)

    def _append(self, message: Any, delivery_tag: str) -> None:
        try:
            super().append(message, delivery_tag)
        except self.channel.ResponseError as error:
            if not is_full(error):
                raise
            taken = [message._raw, message.delivery_info["exchange"], message.delivery_info["routing_key"]]
            with self.channel.conn_or_acquire() as client:
                keys = [self.unacked_index_key, self.unacked_key]
                client.eval(_NOTE_TAKEN, len(keys), *keys, delivery_tag, time(), dumps(taken))
            virtual.QoS.append(self, message, delivery_tag)

    def _outlast(self, command: Callable[..., None], *arguments: Any) -> None:
        def failed(error: Exception, pauses: Iterator[float], _: int) -> float:
            # The next try connects again: another server may have taken over.
            self.channel.pool.disconnect()
            raise_unless_it_passes(error)
            return next(pauses)

        retry_over_time(
            command,
            redis.Transport.connection_errors + redis.Transport.channel_errors,
            arguments,
            errback=failed,
            interval_start=RETRY_S,
            interval_step=RETRY_S,
            interval_max=1,
            callback=state.maybe_shutdown,
        )


class Channel(redis.Channel):
    """A channel that keeps its client: to make one for each command takes longer than the command itself."""

    QoS = QoS
    from_transport_options: Any = (*redis.Channel.from_transport_options, "retry", "continues_when_full")
    retry: Any = None
    """Says which commands are tried again, and for how long; without, none is."""
    continues_when_full: bool = False
    """Whether messages are taken and put into queues although the server is full."""

    _kept: Any = None

    @property
    def pool(self) -> Any:
        """The connections of this channel.

        Also after it was closed: a worker that connects again goes on with its running tasks, and acknowledges their
        messages on the channel that it took them from.
        """
        if self._pool is None and self.closed and self._kept is not None:
            return self._kept.connection_pool
        return super().pool

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous=True)
        # The channel makes a new pool when the connection was lost.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()
        return self._kept

    def _queue_bind(self, *binding: Any) -> None:
        try:
            super()._queue_bind(*binding)
        except self.ResponseError as error:
            if not (self.continues_when_full and is_full(error)):
                raise
            # The queues that have messages were bound before. Those of `celery inspect` are not, and it has no answers.
            log.warning("queue not bound: the server is full", extra={"queue": binding[-1]})

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        try:
            super()._put(queue, message, **options)
        except self.ResponseError as error:
            if self.continues_when_full and is_full(error):
                with self.conn_or_acquire() as client:
                    key = self._q_for_pri(queue, self._get_message_priority(message, reverse=False))
                    client.eval(_PUT, 1, key, dumps(message))
                return
            # The next try connects again: another server may have taken over.
            self.pool.disconnect()
            raise

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        return {**super()._connparams(asynchronous), "retry": self.retry}


class SentinelChannel(Channel, redis.SentinelChannel):
    """A channel to the server that Sentinels name."""

    from_transport_options: Any = (
        *redis.SentinelChannel.from_transport_options,
        "retry",
        "continues_when_full",
        "tls",
    )
    tls: Mapping[str, str] | None = None
    """The options of TLS; None without TLS."""
    connection_class: Any = SentinelConnection
    connection_class_ssl: Any = SentinelSSLConnection

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.tls is not None:
            self.connection_class = self.connection_class_ssl
        return {**super()._connparams(asynchronous), **(self.tls or {})}


class Transport(redis.Transport):
    """The transport of such channels."""

    Channel = Channel
    # What the sender of a message tries again: also a message that the server refused.
    recoverable_connection_errors = redis.Transport.connection_errors + redis.Transport.channel_errors


class SentinelTransport(Transport):
    """The transport of channels to the server that Sentinels name."""

    Channel = SentinelChannel


def use_transport() -> None:
    """Use this transport for all Redis-compatible servers in this process.

    The setting `broker_transport` would be simpler, but kombu ignores it for the URL of a Unix socket
    (`redis+socket://`): there the scheme alone names the transport, and it may not be a dotted path.
    """
    for scheme in _SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{Transport.__name__}"
    TRANSPORT_ALIASES[_SENTINEL] = f"{__name__}:{SentinelTransport.__name__}"


def is_redis(broker_url: str) -> bool:
    """Whether a broker is a Redis-compatible server; see `celery_url`."""
    return broker_url.startswith((*_SCHEMES, _SENTINEL))


def taken_keys(worker: str) -> dict[str, str]:
    """The transport options with which the messages that a worker has taken are noted under keys of its own.

    With the keys of kombu, which all workers share, the messages of a dead worker could not be distinguished from those
    that live workers work on.
    """
    prefix = f"faceline:taken:{worker}"
    return {
        "unacked_key": prefix,
        "unacked_index_key": f"{prefix}:times",
        "unacked_mutex_key": f"{prefix}:mutex",
    }


def celery_url(url: str) -> str:
    """The URL of a server as Celery writes it.

    Unix sockets have another scheme there. With TLS, kombu checks no certificate unless the URL asks for it. Each
    Sentinel has a URL of its own there; `transport_options` has the other parts of theirs.
    """
    if SentinelUrl.is_one(url):
        named = SentinelUrl.parse(url)
        login = f"{quote(named.username or '', safe='')}:{quote(named.password or '', safe='')}@"
        return ";".join(
            f"{_SENTINEL}://{login if login != ':@' else ''}{f'[{host}]' if ':' in host else host}:{port}/{named.db}"
            for host, port in named.sentinels
        )
    if url.startswith("rediss://") and "ssl_cert_reqs=" not in url:
        url += f"{'&' if '?' in url else '?'}ssl_cert_reqs=required"
    return url.replace("unix://", "redis+socket://", 1)


def transport_options(url: str) -> dict[str, Any]:
    """The transport options that belong to the URL of a server: `celery_url` cannot say all of it."""
    if not SentinelUrl.is_one(url):
        return {}
    named = SentinelUrl.parse(url)
    return {"master_name": named.master, "sentinel_kwargs": login_to_sentinels(named), "tls": named.tls}


def raise_unless_it_passes(error: Exception) -> None:
    """Log an error after which a command is tried again.

    Raises:
        Exception: the error, if it does not pass with time.
    """
    if not passes(error):
        raise error
    log.warning("broker does not accept a command, trying again", extra={"error": reason_of(error)})
