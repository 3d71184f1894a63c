"""The real weights, for tests of accuracy."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from config.settings import default_weights_dir
from models.errors import WeightsMissing
from models.runtime.onnxruntime import OrtSession
from models.runtime.session import SessionSource
from models.weights.cache import weights_path


@pytest.fixture(scope="session")
def sessions() -> SessionSource:
    """Sessions of the models in the user's cache. Without weights, tests are skipped; with `CI` set they fail."""
    given = os.environ.get("FACELINE_WEIGHTS_DIR")
    folder = Path(given) if given else default_weights_dir()
    source: Callable[[str], OrtSession] = cache(lambda name: OrtSession(weights_path(name, folder)))
    try:
        source("yunet")
    except WeightsMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return source
