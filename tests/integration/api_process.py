"""An API in a process of its own, on the server of the test run and without workers."""

import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from time import monotonic, sleep
from typing import IO

import httpx
import pytest

from access.administration import KeyAdministration
from access.audit import AuditStream
from access.store import KeyStore
from embedded.ports import free_port
from jobs.redis.connection import connect


def administration(server_url: str, clock: Callable[[], float] | None = None) -> KeyAdministration:
    """The keys on a server."""
    client = connect(server_url, patience_s=1)
    return KeyAdministration(KeyStore(client), AuditStream(client, 10_000), clock)


@contextmanager
def running_api(server_url: str, host: str = "127.0.0.1", **environment: str) -> Iterator[httpx.Client]:
    """Starts the API, gives a client of it, and ends it. With a certificate in its environment, it speaks TLS."""
    port = free_port()
    certificate = environment.get("FACELINE_SERVER__CERTIFICATE")
    scheme, trusted = ("https", ssl.create_default_context(cafile=certificate)) if certificate else ("http", True)
    # A file, since a pipe that is not read would stop the API once it is full.
    with (
        TemporaryFile("w+") as log,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "embedded.process", "api", host, str(port)],
            env={**os.environ, "FACELINE_REDIS_URL": server_url, **environment},
            stderr=log,
        ) as process,
    ):
        try:
            with httpx.Client(
                base_url=f"{scheme}://127.0.0.1:{port}", timeout=30, trust_env=False, verify=trusted
            ) as client:
                _wait(client, process, log)
                yield client
        finally:
            process.terminate()
            process.wait(30)


def _wait(client: httpx.Client, process: "subprocess.Popen[bytes]", log: IO[str]) -> None:
    deadline = monotonic() + 60
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            if process.poll() is not None:
                log.seek(0)
                pytest.fail(log.read())
            assert monotonic() < deadline
            sleep(0.05)
        else:
            return
