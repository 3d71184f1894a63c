"""Buckets on local servers: moto for S3, an emulator for Google Cloud Storage."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import httpx

from embedded.ports import free_port

BUCKET = "photos"
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCY"
PAGE = 3
"""Keys on a page of S3: even a few objects need several pages."""


@dataclass(frozen=True)
class Bucket:
    """An empty bucket.

    Attributes:
        url: the URL of the bucket.
        address: the address of its server.
        environment: the variables that a user sets to reach it.
    """

    url: str
    address: str
    environment: Mapping[str, str]

    def put(self, name: str, body: bytes) -> None:
        """Uploads an object."""
        if self.url.startswith("s3:"):
            answer = httpx.put(f"{self.address}/{BUCKET}/{quote(name)}", content=body, trust_env=False)
        else:
            about = b"--part\r\nContent-Type: application/json\r\n\r\n" + json.dumps({"name": name}).encode()
            parts = about + b"\r\n--part\r\nContent-Type: image/jpeg\r\n\r\n" + body + b"\r\n--part--"
            answer = httpx.post(
                f"{self.address}/upload/storage/v1/b/{BUCKET}/o?uploadType=multipart",
                content=parts,
                headers={"Content-Type": "multipart/related; boundary=part"},
                trust_env=False,
            )
        answer.raise_for_status()


@contextmanager
def s3(folder: Path) -> Iterator[Bucket]:
    """A bucket of S3, with its log in a folder."""
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": SECRET[::-1],
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    port = free_port()
    command = ["moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _server(command, port, folder / "s3.log", MOTO_S3_DEFAULT_MAX_KEYS=str(PAGE)) as address:
        httpx.put(f"{address}/{BUCKET}", trust_env=False).raise_for_status()
        yield Bucket(f"s3://{BUCKET}", address, {**environment, "AWS_ENDPOINT_URL": address})


@contextmanager
def gs(folder: Path) -> Iterator[Bucket]:
    """A bucket of Google Cloud Storage, with its log in a folder."""
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port), "--in-memory", "--default-bucket", BUCKET]
    with _server(["gcp_storage_emulator", "start", *options], port, folder / "gs.log") as address:
        yield Bucket(f"gs://{BUCKET}", address, gs_environment(address))


SERVERS = {"s3": s3, "gs": gs}


def gs_environment(address: str) -> Mapping[str, str]:
    """The variables that lead to an emulator of Google Cloud Storage."""
    return {
        "STORAGE_EMULATOR_HOST": address,
        "FSSPEC_GS_TOKEN": "anon",
        # It would ask over gRPC of what kind a bucket is, which emulators do not speak.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }


@contextmanager
def _server(command: list[str], port: int, log: Path, **environment: str) -> Iterator[str]:
    with (
        log.open("w") as lines,
        subprocess.Popen(
            [sys.executable, "-P", "-m", *command], env={**os.environ, **environment}, stdout=lines, stderr=lines
        ) as process,
    ):
        try:
            deadline = monotonic() + 30
            while not _listens(port):
                assert process.poll() is None, log.read_text()
                assert monotonic() < deadline, log.read_text()
                sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
