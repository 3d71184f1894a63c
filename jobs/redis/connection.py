"""The only import of redis: clients, and its errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from jobs.errors import StorageError

Client = Any
"""A thread-safe `redis.Redis`. Untyped: its own annotations make each answer the union of all that it could be."""


def connect(url: str, *, patience_s: float) -> Client:
    """A client of the server at `url`; unix:///path names a socket.

    Args:
        url: of the server.
        patience_s: for how long, about, a command is tried again while the server is away.
    """
    cap_s = 1.0
    return redis.Redis.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=cap_s, base=0.02), retries=5 + int(patience_s / cap_s)),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError],
        socket_connect_timeout=min(max(patience_s, 1), 5),
        socket_timeout=30,
    )


@contextmanager
def storage() -> Iterator[None]:
    """Turns errors of the server and the way to it into `StorageError`."""
    try:
        yield
    except redis.RedisError as error:
        raise StorageError(f"the store did not answer: {error}") from error


def end_server(client: Client) -> None:
    """Have a server write down what it holds, and end.

    Raises:
        StorageError: nobody answers.
    """
    with storage():
        client.shutdown()
