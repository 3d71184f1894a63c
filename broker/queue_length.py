"""`QueueLength`: counts the messages that wait in a queue, and finds the age of the oldest one."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import KombuError

from broker.chain import SENT_AT
from broker.transport import is_redis
from jobs.errors import StorageError
from jobs.redis.connection import storage_error

Answer = TypeVar("Answer")

# A caller waits for the answer.
_RETRIES = {"max_retries": 1, "interval_start": 0}


class QueueLength:
    """Counts the messages that wait in a queue, over a connection that it keeps. For one thread.

    Args:
        app: sends to these queues.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._kept: Connection | None = None

    def __call__(self, queue: str) -> int:
        """The number of messages that wait in a queue; messages that a worker has taken are not counted.

        Raises:
            StorageError: the broker did not answer.
        """
        count = _length if is_redis(self._app.conf.broker_url) else _message_count
        # Without an answer, the queue is not declared yet.
        return self._ask(lambda connection: count(connection, queue)) or 0

    def oldest_sent_at(self, queue: str) -> float | None:
        """When the message was sent that is taken next, in seconds since the epoch; None if no message waits.

        Also None on RabbitMQ, where a message cannot be read without taking it.

        Raises:
            StorageError: the broker did not answer.
        """
        if not is_redis(self._app.conf.broker_url):
            return None
        return self._ask(lambda connection: _oldest_sent_at(connection, queue))

    def _ask(self, question: Callable[[Connection], Answer]) -> Answer | None:
        if self._kept is not None:
            with suppress(StorageError):  # the broker may have closed it long ago
                return self._answer(self._kept, question)
        options = {**self._app.conf.broker_transport_options, **_RETRIES}
        self._kept = self._app.connection_for_read(transport_options=options)
        return self._answer(self._kept, question)

    def _answer(self, connection: Connection, question: Callable[[Connection], Answer]) -> Answer | None:
        try:
            return question(connection)
        except connection.channel_errors:
            self._close(connection)  # with some brokers, an error closes the channel
            return None
        except (KombuError, *connection.connection_errors) as error:
            self._close(connection)
            raise storage_error(error, "the broker") from error

    def _close(self, connection: Connection) -> None:
        connection.release()
        self._kept = None


def _message_count(connection: Connection, queue: str) -> int:
    count: int = connection.default_channel.queue_declare(queue, passive=True).message_count
    return count


def _length(connection: Connection, queue: str) -> int:
    """The same in one round trip. On Redis, a queue without messages is not there, and kombu calls that an error."""
    channel: Any = connection.default_channel
    with channel.conn_or_acquire() as client:
        length: int = client.llen(queue)
    return length


def _oldest_sent_at(connection: Connection, queue: str) -> float | None:
    channel: Any = connection.default_channel
    with channel.conn_or_acquire() as client:
        # Messages are put in on the left and taken on the right.
        message = client.lindex(queue, -1)
    if message is None:
        return None
    sent_at: float | None = json.loads(message).get("headers", {}).get(SENT_AT)
    return sent_at
