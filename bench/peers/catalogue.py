"""The list of peers: how each one is started, and what its requests are."""

import json
import sys
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from bench.speed.http_connection import request

HUMAN = Path(__file__).parent / "human"


@dataclass(frozen=True, slots=True)
class Peer:
    """Another server of the services.

    Attributes:
        name: the name in the table.
        command: starts the server; the environment has its services, its port and its number of threads.
        differs: how it differs from Faceline.
        path: the path of its only route.
        package: the Python package that it needs; None if Faceline installs it.
        base64: whether it takes JSON with the photo in base64 instead of the photo itself.
    """

    name: str
    command: Sequence[str]
    differs: str
    path: str = "/"
    package: str | None = None
    base64: bool = False

    def missing(self) -> str | None:
        """How to install what is missing; None if nothing is."""
        if self.package and find_spec(self.package) is None:
            return f"{self.package} is not installed: pip install 'faceline[peers]'"
        if self.command[0] == "node" and which("node") is None:
            return "node is not installed"
        if self.command[0] == "node" and not (HUMAN / "node_modules").exists():
            return "its packages are not installed: npm install --no-package-lock --prefix bench/peers/human"
        return None

    def request(self, photo: bytes) -> bytes:
        """The bytes of the request for a photo."""
        if self.base64:
            return request("POST", self.path, json.dumps({"image": b64encode(photo).decode()}).encode())
        return request("POST", self.path, photo, "image/jpeg")


def _python(module: str) -> Sequence[str]:
    return [sys.executable, "-P", "-m", f"bench.peers.{module}"]


FASTAPI = Peer("FastAPI + thread pool", _python("fastapi_server"), "not durable: a crash loses all photos in it")
NAIVE = Peer("naive Celery chain", _python("naive_celery"), "photos travel in messages; models in a process per core")
PEERS = (
    Peer(
        "mosec",
        _python("mosec_server"),
        "not durable; models in a process per core",
        path="/inference",
        package="mosec",
    ),
    Peer(
        "LitServe",
        _python("litserve_server"),
        "not durable; models in a process per core",
        path="/predict",
        package="litserve",
        base64=True,
    ),
    FASTAPI,
    NAIVE,
    Peer(
        "@vladmandic/human, wasm",
        ["node", str(HUMAN / "server.js")],
        "not durable; other models and services: see bench/peers/README.md",
    ),
)
