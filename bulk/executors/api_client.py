"""Requests to the API of a deployment that may be busy, or away for a while."""

from collections.abc import Collection
from time import sleep
from typing import Any

import httpx

from bulk.errors import ExecutorLost
from jobs.errors import StorageError

PAUSE_S = 2.0
"""How long a deployment is left alone that is busy and does not say for how long."""
LONGEST_PAUSE_S = 30.0
_AWAY = (408, 500, 502, 503, 504)


class ApiClient:
    """Asks an API.

    Args:
        http: knows where it is.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def check(self) -> None:
        """Make sure that there is an API, and somebody who works for it.

        Raises:
            ExecutorLost: there is none, or nobody.
        """
        try:
            workers = self._http.get("/version").raise_for_status().json()["workers"]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise ExecutorLost(f"no deployment answers at {self._http.base_url}: {error}") from error
        if not workers:
            raise ExecutorLost(f"the deployment at {self._http.base_url} has no worker")

    def ask(self, method: str, path: str, *, accept: Collection[int] = (), **parts: Any) -> httpx.Response:
        """The answer to a request.

        Args:
            method: of the request.
            path: of the request.
            accept: statuses that are answers too, beside those of success.
            parts: of the request, as httpx takes them.

        Raises:
            ExecutorLost: the deployment refuses it.
            StorageError: it did not answer, or said that it cannot at the moment.
        """
        try:
            response = self._http.request(method, path, **parts)
        except httpx.TransportError as error:
            raise StorageError(f"{self._http.base_url} did not answer: {error}") from error
        if response.is_success or response.status_code in accept:
            return response
        said = f"{method} {path}: {response.status_code} {response.text[:500]}"
        if response.status_code not in _AWAY:
            raise ExecutorLost(f"the deployment refuses {said}")
        sleep(pause_s(response))
        raise StorageError(said)


def pause_s(response: httpx.Response) -> float:
    """For how long a deployment wants to be left alone."""
    said = response.headers.get("Retry-After", "")
    return min(float(said), LONGEST_PAUSE_S) if said.isdigit() else PAUSE_S
