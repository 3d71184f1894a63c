import numpy as np
import pytest

from models.weights.fingerprint import deviation, figures, probe


def test_figures_are_mean_largest_magnitude_and_values_at_even_distances() -> None:
    output = np.float32([[0, 1, 2, 3, -8]])
    assert figures(output, count=3) == [pytest.approx(-0.4), 8, 0, 2, -8]


def test_a_small_output_gives_all_of_its_values() -> None:
    assert figures(np.float32([[3]])) == [3, 3, 3]


def test_deviation_is_a_share_of_the_largest_magnitude() -> None:
    assert deviation([1, 2, 3], [1, 2, 5], largest=10) == pytest.approx(0.2)


def test_magnitudes_below_a_hundredth_count_as_one() -> None:
    assert deviation([2e-6], [1e-6], largest=1e-6) == pytest.approx(1e-4)


def test_a_probe_is_the_same_each_time_and_another_for_another_seed() -> None:
    first = probe((3, 32, 32), (0, 255), seed=1)
    np.testing.assert_array_equal(first, probe((3, 32, 32), (0, 255), seed=1))
    assert np.abs(first - probe((3, 32, 32), (0, 255), seed=2)).max() > 10


def test_a_probe_is_the_same_on_each_machine() -> None:
    pixels = probe((3, 32, 32), (0, 255), seed=0)
    np.testing.assert_allclose(pixels[:, 0, 0], [99.389488, 118.074661, 122.540932], rtol=1e-6)
    np.testing.assert_allclose(pixels.mean((1, 2)), [113.614273, 108.726646, 110.632973], rtol=1e-6)


@pytest.mark.parametrize("values", [(0, 1), (-2.1, 2.6), (0, 255)])
def test_values_stay_in_their_range_and_use_most_of_it(values: tuple[float, float]) -> None:
    low, high = values
    pixels = probe((64, 64, 3), values, seed=0)
    assert pixels.dtype == np.float32
    assert low <= pixels.min() < pixels.max() <= high
    assert np.ptp(pixels) > 0.6 * (high - low)


def test_channels_first_and_last_show_the_same_picture() -> None:
    np.testing.assert_array_equal(probe((3, 32, 48), (0, 1), 0).transpose(1, 2, 0), probe((32, 48, 3), (0, 1), 0))


def test_one_channel_shows_a_face_too() -> None:
    grey = probe((1, 64, 64), (0, 1), seed=0)[0]
    eyes, cheeks = grey[26:30, 20:44].mean(), grey[36:42, 20:28].mean()
    assert eyes < cheeks


def test_free_lengths_get_some_that_differ() -> None:
    assert probe((3, None, None), (0, 1), seed=0).shape == (3, 256, 320)
