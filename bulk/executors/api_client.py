"""Requests to the API of a deployment, with the pauses that a busy deployment asks for."""

from collections.abc import Collection
from time import sleep
from typing import Any

import httpx

from bulk.errors import ExecutorLost
from jobs.errors import StorageError

PAUSE_S = 2.0
"""The pause before the next request to a busy deployment that does not say how long to wait."""
MAX_PAUSE_S = 30.0
_UNAVAILABLE = (408, 500, 502, 503, 504)


class ApiClient:
    """The client of an API.

    Args:
        http: has the address of the API.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def check(self) -> None:
        """Check that the API answers, and that the deployment has a worker.

        Raises:
            ExecutorLost: there is no API at the address, or the deployment has no worker.
        """
        try:
            workers = self._http.get("/version").raise_for_status().json()["workers"]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise ExecutorLost(f"no deployment answers at {self._http.base_url}: {error}") from error
        if not workers:
            raise ExecutorLost(f"the deployment at {self._http.base_url} has no worker; start one, and try again")

    def ask(self, method: str, path: str, *, accept: Collection[int] = (), **parts: Any) -> httpx.Response:
        """Send a request, and give the response.

        Args:
            method: of the request.
            path: of the request.
            accept: error statuses that the caller handles.
            parts: of the request, as httpx takes them.

        Raises:
            ExecutorLost: the deployment refuses the request.
            StorageError: no answer, or the deployment is busy.
        """
        try:
            response = self._http.request(method, path, **parts)
        except httpx.TransportError as error:
            raise StorageError(f"{self._http.base_url} did not answer: {error}") from error
        if response.is_success or response.status_code in accept:
            return response
        reason = f"{method} {path}: {response.status_code} {response.text[:500]}"
        if response.status_code not in _UNAVAILABLE:
            raise ExecutorLost(f"the deployment refuses {reason}")
        sleep(pause_s(response))
        raise StorageError(reason)


def pause_s(response: httpx.Response) -> float:
    """How long to wait before the next request."""
    retry_after = response.headers.get("Retry-After", "")
    return min(float(retry_after), MAX_PAUSE_S) if retry_after.isdigit() else PAUSE_S
