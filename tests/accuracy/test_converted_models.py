"""The converted models of the cache against figures that the runtimes printed that they were made for.

How the figures came about: `golden/README.md`.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings import default_weights_dir
from models.errors import FetchFailed, WeightsMissing
from models.runtime.onnxruntime import OrtSession
from models.weights.cache import weights_path
from models.weights.fingerprint import deviation, figures, probe
from models.weights.packages import Arrived
from models.weights.pull import pull
from models.weights.registry import WEIGHTS, Weights, weights_of
from models.weights.source import Source
from tests.tolerances import OUTPUT, assert_outputs_alike

pytestmark = pytest.mark.weights

GOLDEN = Path(__file__).parent / "golden"
FOLDER = Path(os.environ.get("FACELINE_WEIGHTS_DIR") or default_weights_dir())

each_model = pytest.mark.parametrize("weights", WEIGHTS.values(), ids=lambda weights: weights.name)


def session(weights: Weights) -> OrtSession:
    """Skips where the weights were not pulled, except in CI, which has all but the optional ones."""
    try:
        return OrtSession(weights_path(weights.name, FOLDER))
    except WeightsMissing as error:
        if "CI" in os.environ and weights.option is None:
            raise
        pytest.skip(str(error))


def golden(weights: Weights) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / f"{weights.name}.json").read_text())
    return document["figures_by_seed"]


@each_model
@pytest.mark.parametrize("seed", [1, 2])
def test_a_converted_model_gives_the_figures_of_its_source(weights: Weights, seed: int) -> None:
    outputs = session(weights).run(probe(weights.row, weights.value_range, seed)[None])
    expected = golden(weights)[str(seed)]
    assert outputs.keys() == expected.keys()
    for name, (mean, largest, *values) in expected.items():
        assert deviation(figures(outputs[name], count=24), [mean, largest, *values], largest) < OUTPUT, name


@each_model
def test_rows_of_a_batch_come_out_as_they_do_alone(weights: Weights) -> None:
    model = session(weights)
    batch = np.stack([probe(weights.row, weights.value_range, seed) for seed in range(8)])
    together = model.run(batch)
    for row in range(len(batch)):
        for name, alone in model.run(batch[row : row + 1]).items():
            assert_outputs_alike(together[name][row], alone[0], name)


@pytest.mark.parametrize(("height", "width"), [(32, 64), (320, 320), (640, 352)])
def test_yunet_takes_any_size_that_is_a_multiple_of_32(height: int, width: int) -> None:
    image = np.full((2, 3, height, width), 128, np.float32)
    outputs = session(WEIGHTS["yunet"]).run(image)
    for stride in (8, 16, 32):
        cells = height // stride * (width // stride)
        for head, values in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            assert outputs[f"{head}_{stride}"].shape == (2, cells, values)


def test_the_mesh_of_a_drawn_face_is_a_face() -> None:
    weights = WEIGHTS["facemesh"]
    outputs = session(weights).run(probe(weights.row, weights.value_range, seed=0)[None])
    assert outputs["face_flag"][0, 0] > 0.99


class NoNetwork:
    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        raise FetchFailed(f"{package} was asked for")


class Silence:
    def waiting(self) -> None: ...
    def missing(self, weights: object) -> None: ...
    def arrived(self, package: Source, size: int) -> None: ...
    def stored(self, weights: Weights) -> None: ...


def test_a_pull_into_a_filled_cache_needs_no_network() -> None:
    for weights in weights_of(None):
        session(weights)
    pull(weights_of(None), FOLDER, NoNetwork(), Silence())
