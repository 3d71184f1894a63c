import numpy as np
import pytest

from models.weights.fingerprint import deviation, figures


def test_figures_are_mean_largest_magnitude_and_values_at_even_distances() -> None:
    output = np.float32([[0, 1, 2, 3, -8]])
    assert figures(output, count=3) == [pytest.approx(-0.4), 8, 0, 2, -8]


def test_a_small_output_gives_all_of_its_values() -> None:
    assert figures(np.float32([[3]])) == [3, 3, 3]


def test_deviation_is_a_share_of_the_largest_magnitude() -> None:
    assert deviation([1, 2, 3], [1, 2, 5], largest=10) == pytest.approx(0.2)


def test_magnitudes_below_a_hundredth_count_as_one() -> None:
    assert deviation([2e-6], [1e-6], largest=1e-6) == pytest.approx(1e-4)
