"""The peers that there are, and how each is started and asked."""

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
    """Another way to serve.

    Attributes:
        command: starts it; the environment names its services, its port and how many photos it works on at a time.
        path: of its one route.
        package: that it needs; None for one that comes with Faceline.
        base64: it takes JSON with the photo in base64, not the photo itself.
        differs: what it does otherwise than Faceline.
    """

    name: str
    command: Sequence[str]
    differs: str
    path: str = "/"
    package: str | None = None
    base64: bool = False

    def missing(self) -> str | None:
        """What has to be installed first; None if nothing."""
        if self.package and find_spec(self.package) is None:
            return f"{self.package} is not installed: pip install 'faceline[peers]'"
        if self.command[0] == "node" and which("node") is None:
            return "node is not installed"
        if self.command[0] == "node" and not (HUMAN / "node_modules").exists():
            return "its packages are not installed: npm install --no-package-lock --prefix bench/peers/human"
        return None

    def request(self, photo: bytes) -> bytes:
        """What is sent for a photo."""
        if self.base64:
            return request("POST", self.path, json.dumps({"image": b64encode(photo).decode()}).encode())
        return request("POST", self.path, photo, "image/jpeg")


def _python(module: str) -> Sequence[str]:
    return [sys.executable, "-m", f"bench.peers.{module}"]


FASTAPI = Peer("FastAPI + thread pool", _python("fastapi_server"), "not durable: a crash loses what it holds")
NAIVE = Peer("naive Celery chain", _python("naive_celery"), "photos travel in messages; a process of models per core")
PEERS = (
    Peer(
        "mosec",
        _python("mosec_server"),
        "not durable; a process of models per core",
        path="/inference",
        package="mosec",
    ),
    Peer(
        "LitServe",
        _python("litserve_server"),
        "not durable; a process of models per core",
        path="/predict",
        package="litserve",
        base64=True,
    ),
    FASTAPI,
    NAIVE,
    Peer(
        "@vladmandic/human, wasm",
        ["node", str(HUMAN / "server.js")],
        "not durable; models and services of its own: see bench/peers/README.md",
    ),
)
