from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.figures import Figure
from bench.accuracy.statistics import wilson_interval
from bench.accuracy.tasks import groups
from models.runtime.session import FloatArray
from tests.unit.bench.accuracy.kits import empty, face, kit, make_predictor
from tests.unit.models.networks.networks import Constant

# The fake networks call each face male with 0.9 and 30 years old.
MALE = np.array([0.1, 0.9], np.float32)


def people(folder: Path, origins: bool) -> dict[str, Figure]:
    shown = {f"{number}.png": empty() if number == 0 else face(number) for number in range(24)}
    lines = [
        {
            "path": name,
            "age": 30 if index < 12 else 40,
            "gender": "male" if index < 12 else "female",
            "source": "drawn",
            **({"race": ("north", "south", "east")[index // 10]} if origins else {}),
        }
        for index, name in enumerate(shown)
    ]
    figures = groups.measure(kit(folder, "age_gender", shown, lines), make_predictor(dlib_gender=Small()))
    return {figure.measure: figure for figure in figures}


class Small:
    """Calls each face male."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        return {"probabilities": np.repeat(MALE[None], len(batch), axis=0)}


def test_each_group_has_its_own_error_rates(tmp_path: Path) -> None:
    found = people(tmp_path, origins=True)
    assert found["gender wrong: female"].value == 1
    # The face that is not found counts as an error.
    assert (found["gender wrong: male"].value, found["gender wrong: male"].not_found) == (pytest.approx(1 / 12), 1)
    assert found["age, mean absolute error: female"].value == pytest.approx(10)
    assert "signed errors -10.0" in found["age, mean absolute error: female"].note
    assert found["age, mean absolute error: 20 to 39 years"].value == pytest.approx(0)


def test_groups_of_fewer_than_ten_and_columns_that_a_kit_lacks_are_left_out(tmp_path: Path) -> None:
    with_origins = people(tmp_path / "a", origins=True)
    assert "gender wrong: north" in with_origins
    assert with_origins["gender wrong: south"].n == 10
    assert "gender wrong: east" not in with_origins
    without = people(tmp_path / "b", origins=False)
    assert not any("north" in name or "south" in name for name in without)


def test_the_interval_of_a_share() -> None:
    assert wilson_interval(5, 41) == pytest.approx((0.053, 0.255), abs=1e-3)
    assert wilson_interval(0, 130) == pytest.approx((0, 0.029), abs=1e-3)
    assert wilson_interval(0, 0) == (0, 1)


def test_strangers_of_one_group_are_compared_and_children_only_with_children(tmp_path: Path) -> None:
    shown = {f"{number}.png": face(number) for number in range(22)}
    lines = [
        {"path": name, "age": 30 if index < 11 else 5, "gender": "male", "source": "drawn"}
        for index, name in enumerate(shown)
    ]
    people = kit(tmp_path, "age_gender", shown, lines)
    portraits = {"a.png": face(30), "b.png": face(31)} | {f"{number}.png": face(40 + number) for number in range(9)}
    sitters = [
        {"path": name, "age": 30, "gender": "female", "subject": "one" if name in ("a.png", "b.png") else name}
        for name in portraits
    ]
    kit(tmp_path, "portraits", portraits, sitters)
    real = Constant(logits=[0.0, 1, 0])
    predictor = make_predictor(dlib_gender=Small(), minifasnet_v1se=real, minifasnet_v2=real)
    found = {figure.measure: figure for figure in groups.measure(people, predictor)}
    strangers, one_person = (
        "strangers accepted at the table's FAR 0.001",
        "one person rejected at the table's FAR 0.001",
    )
    assert found[f"{strangers}: male"].n == 11 * 10 // 2
    assert found[f"{strangers}: 0 to 9 years"].n == 11 * 10 // 2
    assert found[f"{strangers}, portraits: female"].n == 11 * 10 // 2 - 1
    assert found[f"{one_person}, portraits: female"].n == 1
