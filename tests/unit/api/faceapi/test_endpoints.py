import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.faceapi.endpoints import whole_percents


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7))
def test_percents_sum_to_a_hundred_and_lie_next_to_their_shares(weights: list[float]) -> None:
    assume(sum(weights) > 1e-3)
    shares = [weight / sum(weights) for weight in weights]
    percents = whole_percents(shares)
    assert sum(percents) == 100
    assert all(abs(percent - 100 * share) < 1 for percent, share in zip(percents, shares, strict=True))


@pytest.mark.parametrize(
    ("shares", "percents"), [([0.5, 0.5, 0], [50, 50, 0]), ([1 / 3, 1 / 3, 1 / 3], [34, 33, 33]), ([0, 1], [0, 100])]
)
def test_largest_remainders_are_rounded_up(shares: list[float], percents: list[int]) -> None:
    assert whole_percents(shares) == percents
