"""Errors of the Python client, as a bulk run takes them, with the pauses that a busy deployment asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

from bulk.errors import ExecutorLost
from faceline_client import AccessDenied, ApiError, Client, FacelineError, NoAnswer
from jobs.errors import StorageError

PAUSE_S = 2.0
"""The pause before the next request to a busy deployment that does not say how long to wait."""
MAX_PAUSE_S = 30.0
_UNAVAILABLE = (408, 500, 502, 503, 504)


def check(client: Client) -> None:
    """Check that an API answers, and that the deployment has a worker.

    Raises:
        ExecutorLost: there is no API at the address, or the deployment has no worker.
    """
    try:
        workers = client.version().workers
    except AccessDenied as error:
        message = "asks for an API key: set FACELINE_KEY to one with the scopes batches, read and erase"
        raise ExecutorLost(f"the deployment at {client.url} {message}") from error
    except FacelineError as error:
        raise ExecutorLost(f"no deployment answers at {client.url}: {error}") from error
    if not workers:
        raise ExecutorLost(f"the deployment at {client.url} has no worker; start one, and try again")


@contextmanager
def bulk_errors(client: Client) -> Iterator[None]:
    """Turns the errors of requests into those of bulk runs.

    Raises:
        ExecutorLost: the deployment refuses a request.
        StorageError: no answer, or the deployment is busy.
    """
    try:
        yield
    except NoAnswer as error:
        raise StorageError(str(error)) from error
    except ApiError as error:
        if error.status in _UNAVAILABLE:
            sleep(pause_s(error))
            raise StorageError(f"the deployment cannot answer: {error}") from error
        raise ExecutorLost(f"the deployment at {client.url} refuses a request: {error}") from error
    except FacelineError as error:
        raise ExecutorLost(f"no deployment answers at {client.url}: {error}") from error


def pause_s(error: ApiError) -> float:
    """How long to wait before the next request."""
    return PAUSE_S if error.retry_after_s is None else min(error.retry_after_s, MAX_PAUSE_S)
