"""Runs the API in this process: uvicorn with bounds on connections and headers."""

import gc
import resource
import sys
from logging import getLogger
from socket import socket
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.app import create_app
from api.repeated import KeptRefusals, RepeatedRefusals
from api.request_ids import RequestIds
from api.request_lines import RequestLines
from api.server.connections import Connections
from api.server.protocol import BoundedConfig, BoundedProtocol
from api.traced import Traced
from config.settings import LimitSettings, Settings, load_settings
from traces.switch import start_traces

log = getLogger(__name__)

GC_THRESHOLDS = 5000, 20, 20
"""See `gc.set_threshold`: the garbage collector runs less often than with Python's own."""
SWEEP_TICKS = 10
"""uvicorn calls `on_tick` ten times a second."""


class BoundedServer(uvicorn.Server):
    """Ends connections that exceed their time, once a second.

    After a first signal it finishes the requests that it has; a second one ends them: their callers get 503.
    """

    config: BoundedConfig

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn, which would end without closing the parts of the process after a second SIGINT."""
        if not self.should_exit:
            super().handle_exit(sig, frame)
            return
        tasks = list(self.server_state.tasks)
        log.warning("requests end before they are answered: the API was told twice to end", extra={"count": len(tasks)})
        for task in tasks:
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """See uvicorn; the garbage collector gets less to do."""
        await super().startup(sockets)
        # What is there now stays: the collector need not look at it again and again. Requests make little garbage.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)

    async def on_tick(self, counter: int) -> bool:
        """See uvicorn; True ends the server."""
        if counter % SWEEP_TICKS == 0:
            self.config.connections.sweep()
        return await super().on_tick(counter)


def serve(host: str, port: int, *, keys_required: bool = False) -> None:
    """Answer requests until SIGTERM.

    Args:
        host: the address to listen on.
        port: the port to listen on.
        keys_required: callers need an API key also while the deployment has none.

    Raises:
        InvalidSetting: the environment has a setting that does not exist, or a value out of bounds.
    """
    settings = load_settings()
    limits, front = settings.limits, settings.server
    password = front.private_key_password
    lines = RequestLines(written=settings.access_log)
    # A repeated refusal has no span.
    refusals = None if settings.traces.endpoint else RepeatedRefusals(lines, behind_proxies=bool(front.proxies))

    def app() -> ASGIApp:
        inner: ASGIApp = RequestIds(_traced(create_app(keys_required=keys_required), settings), lines)
        if front.proxies:
            # The address and the scheme that a proxy names; any other caller could name itself anything.
            with_proxies: Any = ProxyHeadersMiddleware  # uvicorn has types of its own for ASGI
            inner = with_proxies(inner, list(front.proxies))
        return KeptRefusals(inner, refusals) if refusals is not None else inner

    config = BoundedConfig(
        app,
        factory=True,
        host=host,
        port=port,
        http=BoundedProtocol,
        # The API has no WebSockets, whose connections would have no bounds.
        ws="none",
        timeout_keep_alive=limits.idle_s,
        ssl_certfile=front.certificate,
        ssl_keyfile=front.private_key,
        ssl_keyfile_password=password.get_secret_value() if password else None,
        proxy_headers=False,
        log_config=None,
        access_log=False,
    )
    config.connections = Connections(limits, allowed_connections(limits))
    config.refusals = refusals
    server = BoundedServer(config)
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def _traced(app: ASGIApp, settings: Settings) -> ASGIApp:
    if settings.traces.endpoint is None:
        return app
    start_traces(settings.traces, "api")
    return Traced(app)


def allowed_connections(limits: LimitSettings) -> int:
    """The most connections of this process: fewer than the setting if the system allows fewer open files.

    The soft limit of open files is raised as far as the connections need it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A quarter is left for the store, files, and connections that are being closed.
    wanted = limits.connections * 4 // 3 + 1
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    files = wanted if soft == resource.RLIM_INFINITY else soft
    return min(limits.connections, max(1, files * 3 // 4))
