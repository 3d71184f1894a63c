"""`Sender`: posts messages to receivers, and only to addresses that are allowed."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address

import httpx

from jobs.webhooks.targets import Address, TargetRefused, Targets
from webhooks.pauses import retry_after_s

BUSY = frozenset({429, 503})
"""The statuses whose `Retry-After` counts."""
RESOLVERS = 16
"""How many names are looked up at a time: a look-up blocks its thread, also after the attempt has ended."""


class Outcome(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    ANSWERED = "answered"  # with another status than 2xx
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    UNRESOLVED = "unresolved"
    REFUSED = "refused"  # the target is not allowed
    NO_SECRET = "no_secret"


class NotDelivered(Exception):
    """An attempt failed. The message is for the caller of the job, and has no part of the URL.

    Attributes:
        outcome: of the attempt.
        gone: the receiver takes no messages any more.
        retry_after_s: the pause that the receiver asks for, in seconds; 0 for none.
    """

    def __init__(self, message: str, outcome: Outcome, *, gone: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.gone = gone
        self.retry_after_s = retry_after_s


class Sender:
    """Posts messages. For one event loop.

    The name of a receiver is resolved once for each attempt; all its addresses are checked, and the connection is made
    to one of them. So a name that resolves to another address a moment later changes nothing. The certificate and the
    `Host` header are those of the name.

    Args:
        targets: that are allowed.
        timeout_s: how long an attempt may take.
    """

    def __init__(self, targets: Targets, timeout_s: float) -> None:
        self._targets = targets
        self._timeout_s = timeout_s
        context = httpx.create_ssl_context(trust_env=False)
        context.load_default_certs()  # those of the machine too, for receivers with a certificate of an own authority
        self._client = httpx.AsyncClient(
            verify=context,
            # No proxy: it would resolve the name again.
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            # No connection is used twice: several names can have one address, and each has to show its certificate.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a message. The body of the answer is not read.

        Raises:
            NotDelivered: the target is not allowed, does not answer in time, or does not accept the message.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._post(httpx.URL(url), body, headers)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._timeout_s:g} s", Outcome.NO_ANSWER) from None
        except TargetRefused as error:
            raise NotDelivered(str(error), Outcome.REFUSED) from None
        except (httpx.InvalidURL, UnicodeError):
            raise NotDelivered("not a URL", Outcome.REFUSED) from None
        except httpx.ConnectError:
            raise NotDelivered("no connection, or no valid certificate", Outcome.UNREACHABLE) from None
        except httpx.HTTPError:
            message = "the connection broke off, or the answer was not HTTP"
            raise NotDelivered(message, Outcome.UNREACHABLE) from None
        status = response.status_code
        if 300 <= status < 400:
            raise NotDelivered(f"the answer was {status}: redirects are not followed", Outcome.ANSWERED)
        if not 200 <= status < 300:
            asked_s = retry_after_s(response.headers.get("retry-after"), datetime.now(UTC)) if status in BUSY else 0.0
            message = f"the answer was {status}"
            raise NotDelivered(message, Outcome.ANSWERED, gone=status == 410, retry_after_s=asked_s)

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        host = url.raw_host.decode("ascii")
        self._targets.check(url.scheme, host)
        addresses = await self._resolve(host, url.port or (443 if url.scheme == "https" else 80))
        self._targets.check_addresses(host, addresses)
        named = {"Host": url.netloc.decode("ascii"), "Content-Type": "application/json", "User-Agent": "Faceline"}
        *others, last = addresses
        for address in others:
            try:
                return await self._post_to(address, url, host, body, {**named, **headers})
            except httpx.ConnectError:
                continue
        return await self._post_to(last, url, host, body, {**named, **headers})

    async def _post_to(
        self, address: Address, url: httpx.URL, host: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        request = self._client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=body,
            headers=headers,
            extensions={"sni_hostname": host},
        )
        response = await self._client.send(request, stream=True)
        await response.aclose()
        return response

    async def _resolve(self, host: str, port: int) -> Sequence[Address]:
        """All addresses of a host, the preferred one first."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except OSError:
            raise NotDelivered("the name of the host does not resolve", Outcome.UNRESOLVED) from None
        return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
