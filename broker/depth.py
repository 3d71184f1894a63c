"""How many messages wait in a queue."""

from celery import Celery
from kombu.exceptions import KombuError

from pipelines.errors import StorageError


def queue_length(app: Celery, queue: str) -> int:
    """The messages that wait in a queue, those that a worker holds not counted.

    Raises:
        StorageError: the broker did not answer.
    """
    # Few tries: a caller waits for the answer.
    patience = {"max_retries": 2, "interval_start": 0, "interval_step": 0.1}
    with app.connection_for_read(transport_options={**app.conf.broker_transport_options, **patience}) as connection:
        try:
            count: int = connection.default_channel.queue_declare(queue, passive=True).message_count
        except connection.channel_errors:
            return 0  # nobody has declared it yet
        except (KombuError, *connection.connection_errors) as error:
            raise StorageError(f"the broker did not answer: {error}") from error
    return count
