from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.figures import Figure
from bench.accuracy.kit import InvalidKit, Kit
from bench.accuracy.precision import LEAST_PRECISION, Scored, counts_at, precise_threshold
from bench.accuracy.thresholds import fewest_errors, measured_thresholds
from models.networks.emotions import NEUTRAL_BIAS
from models.networks.mask import THRESHOLD
from tests.unit.bench.accuracy.kits import empty, face, kit, make_predictor
from tests.unit.bench.accuracy.test_predictor import Brightness
from tests.unit.models.networks.networks import Constant


def test_the_threshold_with_the_fewest_errors_is_in_the_middle_of_the_gap() -> None:
    scores, positive = np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, False, True, True])
    assert fewest_errors(scores, positive) == pytest.approx(0.4)


def test_both_kinds_of_errors_count_alike_however_many_samples_each_has() -> None:
    # One positive of two is worth more than two negatives of ten.
    scores = np.array([0.3, 0.9, *([0.1] * 8), 0.4, 0.5])
    positive = np.array([True, True, *([False] * 10)])
    assert fewest_errors(scores, positive) == pytest.approx(0.2)


def test_a_threshold_that_only_just_reaches_the_precision_is_not_taken() -> None:
    # 90 of 100 boxes are right at 0.3; without the ten wrong ones below 0.5, all are.
    photos = [Scored([(0.6, True)] * 9 + ([(0.4, False)] if number % 2 else [(0.3, False)]), 9) for number in range(10)]
    right, wrong, targets = counts_at(photos, 0.2)
    assert right / (right + wrong) == LEAST_PRECISION
    assert targets == 90
    uneven = [*photos[:8], Scored([(0.6, True)] * 18, 18), Scored([(0.35, False)] * 2, 0)]
    right, wrong, _ = counts_at(uneven, 0.2)
    assert right / (right + wrong) == LEAST_PRECISION
    chosen = precise_threshold(uneven)
    assert 0.3 <= chosen < 0.6
    right, wrong, _ = counts_at(uneven, chosen)
    assert right / (right + wrong) > LEAST_PRECISION


def faces(folder: Path) -> Kit:
    shown = {f"{number}.png": empty() if number == 4 else face(number) for number in range(20)}
    lines = [
        {"path": name, "label": "mask" if index % 2 else "no_mask", "source": "drawn"}
        for index, name in enumerate(shown)
    ]
    return kit(folder, "mask", shown, lines)


def named(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.measure: figure for figure in figures}


def test_the_threshold_in_use_is_compared_with_one_chosen_by_cross_validation(tmp_path: Path) -> None:
    ((name, figures),) = measured_thresholds(faces(tmp_path), make_predictor(mask=Brightness()))
    assert name == "mask"
    found = named(figures)
    assert (found["threshold in use"].value, found["threshold in use"].n) == (THRESHOLD, 19)
    assert "10 times 5 folds" in found["threshold by cross-validation, median"].note
    # The drawn faces have no mask to see, so a threshold that fits them is worth little on held-out ones.
    held_out = found["masked called bare, held-out folds"].value + found["bare called masked, held-out folds"].value
    assert held_out > 0.4


def test_the_bias_against_neutral_is_chosen_where_most_answers_are_right(tmp_path: Path) -> None:
    shown = {f"{number}.png": face(number) for number in range(10)}
    lines = [{"path": name, "label": "happiness", "source": "drawn"} for name in shown]
    # Neutral without a bias; happy with one of at least log(0.6 / 0.4).
    network = Constant(expression=[0.6, 0.4, 0, 0, 0, 0, 0])
    made = kit(tmp_path, "emotion", shown, lines)
    ((name, figures),) = measured_thresholds(made, make_predictor(faceapi_expression=network))
    assert name == "emotion"
    found = named(figures)
    assert found["threshold in use"].value == NEUTRAL_BIAS
    assert found["threshold chosen on all photos"].value == pytest.approx((0.45 + 3) / 2, abs=0.05)
    assert found["accuracy, held-out folds"].value == found["accuracy, threshold in use"].value == 1


def test_a_kit_without_labels_for_any_threshold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidKit, match="labels for none of mask, eyes, emotion, body"):
        list(measured_thresholds(Kit(tmp_path, "dev"), make_predictor()))
