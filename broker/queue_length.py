"""`QueueLength`: counts the messages that wait in a queue."""

from contextlib import suppress

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import KombuError

from jobs.errors import StorageError

# Few tries: a caller waits for the answer.
_RETRIES = {"max_retries": 2, "interval_start": 0, "interval_step": 0.1}


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
        if self._kept is not None:
            with suppress(StorageError):  # the broker may have closed it long ago
                return self._count(self._kept, queue)
        options = {**self._app.conf.broker_transport_options, **_RETRIES}
        self._kept = self._app.connection_for_read(transport_options=options)
        return self._count(self._kept, queue)

    def _count(self, connection: Connection, queue: str) -> int:
        try:
            count: int = connection.default_channel.queue_declare(queue, passive=True).message_count
        except connection.channel_errors:
            self._close(connection)  # with some brokers, an error closes the channel
            return 0  # the queue is not declared yet
        except (KombuError, *connection.connection_errors) as error:
            self._close(connection)
            raise StorageError(f"the broker did not answer: {error}") from error
        return count

    def _close(self, connection: Connection) -> None:
        connection.release()
        self._kept = None
