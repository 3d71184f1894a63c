"""The only import of redis: connects to the server and turns its errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from jobs.errors import StorageError
from jobs.redis.client import Client

__all__ = ["Client", "connect", "end_server", "storage"]


def connect(url: str, *, retry_s: float) -> Client:
    """A thread-safe client of the server at `url`; unix:///path names a socket.

    Args:
        url: of the server.
        retry_s: about how long a command is tried again while the server does not answer.
    """
    cap_s = 1.0
    client = redis.Redis.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=cap_s, base=0.02), retries=5 + int(retry_s / cap_s)),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError],
        socket_connect_timeout=min(max(retry_s, 1), 5),
        socket_timeout=30,
    )
    return cast(Client, client)


@contextmanager
def storage() -> Iterator[None]:
    """Turns errors of the server and of the connection into `StorageError`."""
    try:
        yield
    except redis.RedisError as error:
        raise StorageError(f"the store did not answer: {error}") from error


def end_server(client: Client) -> None:
    """Make a server save its data and end.

    Raises:
        StorageError: no server answers.
    """
    with storage():
        client.shutdown()
