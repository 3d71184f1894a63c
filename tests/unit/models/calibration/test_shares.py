import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration.shares import balanced

thresholds = st.floats(0.01, 0.99)
shares = st.floats(0, 1)


@given(thresholds)
def test_a_threshold_becomes_one_half_and_the_ends_do_not_change(threshold: float) -> None:
    assert balanced(threshold, threshold) == pytest.approx(0.5)
    assert balanced(0, threshold) == 0
    assert balanced(1, threshold) == 1


@given(shares, shares, thresholds)
def test_more_of_a_share_never_becomes_less(first: float, second: float, threshold: float) -> None:
    low, high = sorted((first, second))
    assert 0 <= balanced(low, threshold) <= balanced(high, threshold) + 1e-12 <= 1 + 1e-9


def test_a_threshold_of_one_half_changes_nothing() -> None:
    assert balanced(0.3, 0.5) == pytest.approx(0.3)


def test_the_odds_change_by_the_odds_of_the_threshold() -> None:
    assert balanced(0.5, 0.2) == pytest.approx(0.8)
