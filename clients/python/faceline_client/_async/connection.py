"""Sends requests, and sends them again where that helps."""

import ssl
from typing import Self

import httpx

from faceline_client.address import Address
from faceline_client.answers import error_of, worth_another_try
from faceline_client.errors import Busy, FacelineError, NoAnswer
from faceline_client.requests import Call
from faceline_client.retries import Retries
from faceline_client.waiting import sleep_async

_NOT_ACCEPTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""The API has not seen the request: it can be sent again, whatever it does."""


class AsyncConnection:
    """A connection to an API. It may be used by many tasks at the same time.

    Args:
        url: of the API; by default that of `FACELINE_URL`, or http://127.0.0.1:8000.
        key: the API key; by default that of `FACELINE_KEY`.
        timeout_s: how long to wait for the connection, for each part of an answer, and for its beginning beyond the
            time that the API was asked to wait.
        retries: when requests are sent again.
        verify: whose certificates are trusted.
        transport: of httpx, for tests: see `faceline_client.testing`.

    Raises:
        ValueError: the URL is no address.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: Retries = Retries(),  # noqa: B008 - it is frozen
        verify: ssl.SSLContext | bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        address = Address.of(url, key)
        self.url = address.url
        self._retries = retries
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            base_url=address.url,
            headers=address.headers,
            verify=verify,
            trust_env=address.through_proxy,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def _send(self, call: Call, *, while_busy: bool = True) -> httpx.Response:
        """Send a request, and send it again where that helps.

        Args:
            call: the request.
            while_busy: send it again also while the API has too much work (429).

        Raises:
            ApiError: the API refuses the request, also after all attempts.
            NoAnswer: the API does not answer, also after all attempts.
        """
        attempt = 0
        while True:
            attempt += 1
            again: float | None = None
            try:
                response = await self._send_once(call)
            except httpx.TransportError as error:
                failure: FacelineError = NoAnswer(f"{self.url} did not answer: {str(error) or type(error).__name__}")
                failure.__cause__ = error
                if call.repeatable or isinstance(error, _NOT_ACCEPTED):
                    again = self._retries.pause_s(attempt)
            else:
                if response.is_success:
                    return response
                failure = refusal = error_of(response)
                if worth_another_try(refusal) and (while_busy or not isinstance(refusal, Busy)):
                    again = self._retries.pause_s(attempt, refusal.retry_after_s)
            if again is None:
                raise failure
            await sleep_async(again)

    async def _send_once(self, call: Call) -> httpx.Response:
        return await self._http.request(
            call.method,
            call.path,
            params=call.params,
            headers=call.headers,
            content=call.content,
            data=call.form,
            files=call.files,
            timeout=httpx.Timeout(self._timeout_s, read=self._timeout_s + call.wait_s),
        )
