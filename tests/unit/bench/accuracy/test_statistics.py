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
    # The precision of 2/3 at the end also holds where it was 1/2.
    assert curve.average_precision() == pytest.approx(0.25 * 1 + 0.25 * 2 / 3)
    assert curve.recall_at_precision(0.9) == 0.25
    assert curve.recall_at_precision(0.6) == 0.5
    assert curve.final == pytest.approx((0.5, 2 / 3))


def test_who_finds_nothing_has_no_recall_and_no_precision() -> None:
    curve = Curve.of([], 3)
    assert (curve.average_precision(), curve.recall_at_precision(0.9)) == (0, 0)
    assert curve.final == pytest.approx((0, nan), nan_ok=True)


def test_the_mean_of_nothing_is_not_a_number() -> None:
    assert isnan(mean([]))
    assert mean([True, False, True, True]) == 0.75


def test_genuine_pairs_are_accepted_above_the_impostors_that_may_pass() -> None:
    genuine, impostor = [0.9, 0.8, 0.3], [0.7, 0.2, 0.1, 0.0]
    assert accepted_at(genuine, impostor, 0.25) == 1
    assert accepted_at(genuine, impostor, 0.1) == pytest.approx(2 / 3)


def test_a_pair_without_a_face_is_a_false_rejection() -> None:
    assert accepted_at([0.9, -inf], [0.1, -inf], 0.01) == 0.5


def test_pairs_that_a_threshold_separates_are_all_told_apart() -> None:
    likeness = [*np.linspace(0.6, 0.9, 10), *np.linspace(-0.2, 0.3, 10)]
    assert verification_accuracy(likeness, [True] * 10 + [False] * 10) == 1


def test_one_genuine_pair_among_the_impostors_costs_one_answer() -> None:
    likeness = [-inf, *np.linspace(0.6, 0.9, 9), *np.linspace(-0.2, 0.3, 10)]
    assert verification_accuracy(likeness, [True] * 10 + [False] * 10) == pytest.approx(0.95)


def test_area_under_the_curve_counts_pairs_and_half_of_the_ties() -> None:
    assert area_under_curve([3, 1], [2, 0]) == 0.75
    assert area_under_curve([1], [1]) == 0.5
    assert isnan(area_under_curve([], [1]))


@given(scores, scores)
def test_area_under_the_curve_is_what_counting_gives(positive: list[float], negative: list[float]) -> None:
    wins = sum((high > low) + (high == low) / 2 for high in positive for low in negative)
    assert area_under_curve(positive, negative) == pytest.approx(wins / len(positive) / len(negative))


def test_macro_f1_weighs_classes_alike_and_no_answer_is_a_miss() -> None:
    f1_of_a, f1_of_b = 2 / 3, 2 / 4
    assert macro_f1(["a", "a", "b", "b"], ["a", "b", "b", None]) == pytest.approx((f1_of_a + f1_of_b) / 2)


def test_rank_correlation() -> None:
    assert spearman([1, 2, 3], [30, 20, 10]) == pytest.approx(-1)
    assert spearman([1, 2, 3], [5, 5, 5]) == 0
    assert spearman([1, 2, 3, 4], [1, 1, 2, 2]) == pytest.approx(4 / np.sqrt(5 * 4))


def test_ties_share_the_mean_of_their_ranks() -> None:
    assert ranks([10, 30, 10, 20]).tolist() == [1.5, 4, 1.5, 3]
