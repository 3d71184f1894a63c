"""Protects callers who also run a browser: pages of other sites can neither use the API nor read its answers.

A page can reach each address that its browser reaches, 127.0.0.1 included. What gives it away: the browser names the
page's origin in `Origin` and `Sec-Fetch-Site`; and a page whose name was bound to our address after it was loaded (DNS
rebinding) sends that name in `Host`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import api_routes, is_public
from api.errors import error_response
from config.errors import FacelineError
from config.settings import BrowserSettings

LOCAL_NAMES = ("localhost", "*.localhost")
"""The names of this machine; addresses are always accepted, since a rebound page sends a name."""
STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The content security policy of all answers that have none of their own."""

_HEADERS: Mapping[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"content-security-policy": STRICT_POLICY.encode(),
}
_UNCACHED = (b"cache-control", b"no-store")
_READ_BY_PAGES = (
    "Location",
    "Content-Location",
    "Retry-After",
    "Deprecation",
    "Faceline-Batch-Status",
    "WWW-Authenticate",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-ID",
)


class HostNotAllowed(FacelineError):
    """The request names a host that is not a name of the deployment."""

    type: ClassVar[str] = "host_not_allowed"


class OriginNotAllowed(FacelineError):
    """A browser sent the request for a page of another site."""

    type: ClassVar[str] = "origin_not_allowed"


class Browsers:
    """ASGI middleware: refuses requests for pages of other sites, and adds headers that browsers heed.

    Public routes answer each request: they show nothing of callers, and probes call them by changing names.

    Args:
        app: answers the requests.
        settings: the names of the deployment, and the origins whose pages may use it.
        routes: of the app.
    """

    def __init__(self, app: ASGIApp, settings: BrowserSettings, routes: Sequence[BaseRoute]) -> None:
        self._app = app if not settings.origins else _with_cors(app, settings.origins)
        self._hosts = (*LOCAL_NAMES, *settings.hosts)
        self._origins = frozenset(settings.origins)
        self._routes = routes
        self._public: tuple[frozenset[str], tuple[str, ...]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        public = self._is_public(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _completed(message["headers"], cached=public)}
            await send(message)

        try:
            if not public:
                self._check(Headers(scope=scope))
        except FacelineError as error:
            await error_response(error)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _check(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_allowed(hosts[0], self._hosts):
            raise HostNotAllowed(
                "the request names a host that is not a name of this deployment: its operator can add names with "
                "FACELINE_BROWSERS__HOSTS"
            )
        origin = headers.get("origin")
        if origin in self._origins:
            return
        foreign = origin is not None and urlsplit(origin).netloc.lower() != hosts[0].lower()
        if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise OriginNotAllowed(
                "a page of another site sent the request: the operator of this deployment can let pages of an origin "
                "in with FACELINE_BROWSERS__ORIGINS"
            )

    def _is_public(self, path: str) -> bool:
        if self._public is None:
            # Here, since routes are added after the middleware.
            mounts = tuple(f"{route.path}/" for route in self._routes if isinstance(route, Mount))
            paths = frozenset(route.path or "" for route in api_routes(self._routes) if is_public(route))
            self._public = paths, mounts
        paths, mounts = self._public
        return path in paths or path.startswith(mounts)


# Most requests name one of a few hosts.
@lru_cache(maxsize=64)
def is_allowed(host: str, names: tuple[str, ...]) -> bool:
    """Whether a `Host` header names an address, or one of some names.

    Args:
        host: the header, with or without a port.
        names: `*.example.org` is each name below `example.org`, and `*` each name.
    """
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".") if _is_plain(host) else ""
    if not name:
        return False
    try:
        ip_address(name)
    except ValueError:
        return any(
            pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:])) for pattern in names
        )
    return True


def _is_plain(host: str) -> bool:
    """Whether the header holds a name or an address and a port only."""
    return not any(character in host for character in "/@?#\\ ")


def _completed(headers: Sequence[tuple[bytes, bytes]], *, cached: bool) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    added = [(name, value) for name, value in _HEADERS.items() if name not in given]
    if not cached and _UNCACHED[0] not in given:
        added.append(_UNCACHED)
    return [*headers, *added]


def _with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST", "DELETE"),
        allow_headers=(
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "Idempotency-Key",
            "Traceparent",
            "X-Request-ID",
        ),
        expose_headers=_READ_BY_PAGES,
    )
