"""`TakenMessages`: the messages that workers have taken from a Redis-compatible broker and not acknowledged.

RabbitMQ puts the messages of a dead worker back itself, and loses none.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

from celery import Celery
from kombu.exceptions import KombuError

from broker.transport import Channel, taken_keys
from jobs.errors import StorageError


class TakenMessages:
    """Puts messages of workers that are gone back, and finds jobs whose messages got lost. For one thread.

    Args:
        app: of a worker whose broker is Redis-compatible.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._script = (files("broker") / "lua" / "jobs_without_message.lua").read_text()

    def put_back(self, worker: str) -> int:
        """Put the messages of a worker back to the front of their queues, and return how many there were.

        Each message is moved in one step. If the process ends in between, the next call moves the others.

        Raises:
            StorageError: the broker did not answer.
        """
        with self._channel(worker) as channel, channel.conn_or_acquire() as client:
            # The oldest is put back last: then it is the first in its queue.
            tags = [tag.decode() for tag in client.zrange(channel.unacked_index_key, 0, -1, desc=True)]
            for tag in tags:
                channel.qos.restore_by_tag(tag, client)
            return len(tags)

    def jobs_without_message(self, queues: Sequence[str], jobs: Sequence[str], workers: Collection[str]) -> list[str]:
        """Which of some jobs have no message, neither in a queue nor with a worker.

        Args:
            queues: that may have messages of the next stages of these jobs.
            jobs: their ids.
            workers: that may have taken messages.

        Raises:
            StorageError: the broker did not answer.
        """
        keys = [*queues, *(taken_keys(worker)["unacked_key"] for worker in workers)]
        with self._channel() as channel, channel.conn_or_acquire() as client:
            return [job.decode() for job in client.eval(self._script, len(keys), *keys, len(queues), *jobs)]

    @contextmanager
    def _channel(self, worker: str | None = None) -> Iterator[Channel]:
        """A channel that works on the taken messages of a worker."""
        options = {**self._app.conf.broker_transport_options, **(taken_keys(worker) if worker else {})}
        connection = self._app.connection_for_read(transport_options=options)
        try:
            with connection:
                yield connection.default_channel
        except (KombuError, *connection.connection_errors, *connection.channel_errors) as error:
            raise StorageError(f"the broker did not answer: {error}") from error
