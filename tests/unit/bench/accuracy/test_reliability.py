import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.accuracy.figures import Figure
from bench.accuracy.folds import FOLDS, REPEATS, folds
from bench.accuracy.reliability import calibration_error, fitted_temperature, reliability, tempered


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.measure: figure for figure in figures}


def answers(count: int, share: float, right: float) -> tuple[list[list[float]], list[int]]:
    """Answers for class 0 that are all equally sure, of which a share is right."""
    return [[share, 1 - share]] * count, [0 if number < right * count else 1 for number in range(count)]


def test_confidences_that_mean_what_they_say_have_no_error() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([0.95] * 4, [True, True, True, False]) == pytest.approx(0.2)


def test_bins_count_by_their_answers_and_do_not_cancel_each_other_out() -> None:
    assert calibration_error([0.55, 0.95], [True, False]) == pytest.approx((0.45 + 0.95) / 2)
    assert calibration_error([], []) == 0


def test_a_confidence_of_one_belongs_to_the_last_bin() -> None:
    figures = by_name(reliability([[1.0, 0.0], [0.95, 0.05]], [0, 1], 0, "drawn"))
    last = figures["right at a confidence of 0.9 to 1.0"]
    assert (last.value, last.n) == (0.5, 2)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.floats(0.3, 4))
def test_a_temperature_keeps_the_order_and_the_sum(shares: list[float], temperature: float) -> None:
    given_shares = np.array([shares]) / sum(shares)
    softer = tempered(given_shares, temperature)
    assert softer.sum() == pytest.approx(1)
    assert tempered(softer, 1 / temperature) == pytest.approx(given_shares, abs=1e-6)


def test_shares_that_are_too_sure_get_a_temperature_above_one_and_little_error_is_left() -> None:
    shares, truth = answers(400, 0.99, 0.7)
    assert fitted_temperature(np.array(shares), np.array(truth)) > 3
    figures = by_name(reliability(shares, truth, 2, "drawn"))
    assert figures["calibration error"].value == pytest.approx(0.29)
    assert (figures["calibration error"].n, figures["calibration error"].not_found) == (402, 2)
    assert figures["calibration error, temperature by cross-validation"].value < 0.1


def test_few_answers_are_not_split_into_folds_and_none_give_no_figure() -> None:
    assert "calibration error, temperature by cross-validation" not in by_name(reliability(*answers(10, 0.9, 1), 0, ""))
    assert reliability([], [], 3, "") == []


def test_no_temperature_is_fitted_where_a_class_is_rare() -> None:
    rare, enough = ([0] * (100 - count) + [1] * count for count in (FOLDS - 1, FOLDS))
    shares, _ = answers(100, 0.9, 1)
    assert "calibration error, temperature by cross-validation" not in by_name(reliability(shares, rare, 0, ""))
    assert "calibration error, temperature by cross-validation" in by_name(reliability(shares, enough, 0, ""))


def test_each_sample_is_held_out_once_in_each_repetition_and_never_chosen_on_then() -> None:
    splits = list(folds(23))
    assert len(splits) == FOLDS * REPEATS
    for chosen_on, held_out in splits:
        assert sorted([*chosen_on, *held_out]) == list(range(23))
    for start in range(0, len(splits), FOLDS):
        assert sorted(row for _, held_out in splits[start : start + FOLDS] for row in held_out) == list(range(23))
