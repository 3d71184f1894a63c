from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.accuracy.statistics import (
    Curve,
    accepted_at,
    area_under_curve,
    macro_f1,
    mean,
    ranks,
    spearman,
    verification_accuracy,
)

scores = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=20)


def test_a_curve_of_three_detections_of_four_objects() -> None:
    curve = Curve.of([(0.7, True), (0.9, True), (0.8, False)], 4)
    assert curve.recall.tolist() == [0.25, 0.25, 0.5]
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    # The last precision, 2/3, is also the best one at lower recalls, where it was 1/2.
    assert curve.average_precision() == pytest.approx(0.25 * 1 + 0.25 * 2 / 3)
    assert curve.recall_at_precision(0.9) == 0.25
    assert curve.recall_at_precision(0.6) == 0.5
    assert curve.final == pytest.approx((0.5, 2 / 3))


def test_without_detections_recall_is_zero_and_precision_is_nan() -> None:
    curve = Curve.of([], 3)
    assert (curve.average_precision(), curve.recall_at_precision(0.9)) == (0, 0)
    assert curve.final == pytest.approx((0, nan), nan_ok=True)


def test_the_mean_of_an_empty_list_is_nan() -> None:
    assert isnan(mean([]))
    assert mean([True, False, True, True]) == 0.75


def test_a_far_sets_the_threshold_that_genuine_pairs_must_exceed() -> None:
    genuine, impostor = [0.9, 0.8, 0.3], [0.7, 0.2, 0.1, 0.0]
    assert accepted_at(genuine, impostor, 0.25) == 1
    assert accepted_at(genuine, impostor, 0.1) == pytest.approx(2 / 3)


def test_a_pair_without_a_face_is_a_false_rejection() -> None:
    assert accepted_at([0.9, -inf], [0.1, -inf], 0.01) == 0.5


def test_separable_pairs_give_an_accuracy_of_one() -> None:
    likeness = [*np.linspace(0.6, 0.9, 10), *np.linspace(-0.2, 0.3, 10)]
    assert verification_accuracy(likeness, [True] * 10 + [False] * 10) == 1


def test_one_genuine_pair_below_all_impostors_is_the_only_error() -> None:
    likeness = [-inf, *np.linspace(0.6, 0.9, 9), *np.linspace(-0.2, 0.3, 10)]
    assert verification_accuracy(likeness, [True] * 10 + [False] * 10) == pytest.approx(0.95)


def test_area_under_the_curve_counts_pairs_and_half_of_the_ties() -> None:
    assert area_under_curve([3, 1], [2, 0]) == 0.75
    assert area_under_curve([1], [1]) == 0.5
    assert isnan(area_under_curve([], [1]))


@given(scores, scores)
def test_area_under_the_curve_equals_the_count_over_all_pairs(positive: list[float], negative: list[float]) -> None:
    wins = sum((high > low) + (high == low) / 2 for high in positive for low in negative)
    assert area_under_curve(positive, negative) == pytest.approx(wins / len(positive) / len(negative))


def test_macro_f1_weighs_classes_equally_and_counts_no_answer_as_wrong() -> None:
    f1_of_a, f1_of_b = 2 / 3, 2 / 4
    assert macro_f1(["a", "a", "b", "b"], ["a", "b", "b", None]) == pytest.approx((f1_of_a + f1_of_b) / 2)


def test_rank_correlation_is_one_for_equal_orders_and_zero_for_constant_values() -> None:
    assert spearman([1, 2, 3], [30, 20, 10]) == pytest.approx(-1)
    assert spearman([1, 2, 3], [5, 5, 5]) == 0
    assert spearman([1, 2, 3, 4], [1, 1, 2, 2]) == pytest.approx(4 / np.sqrt(5 * 4))


def test_ties_share_the_mean_of_their_ranks() -> None:
    assert ranks([10, 30, 10, 20]).tolist() == [1.5, 4, 1.5, 3]
