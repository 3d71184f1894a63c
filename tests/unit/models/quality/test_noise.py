import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.noise import THRESHOLD, noise
from models.quality.view import FaceView
from tests.unit.models.quality.drawn import POINTS, drawn_face, noisy, seen

FLAT = np.full((192, 192), 128, np.uint8)


@given(st.floats(0, 40), st.floats(0, 40))
def test_more_noise_never_looks_cleaner(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert noise(seen(noisy(drawn_face(), more))) <= noise(seen(noisy(drawn_face(), less))) + 0.01


@pytest.mark.parametrize(("deviation", "expected"), [(0, 1.0), (2, 0.8), (4, 0.6), (8, 0.4), (16, 0.2), (32, 0.0)])
def test_every_doubling_costs_a_fifth(deviation: float, expected: float) -> None:
    # The tenth percentile of the tiles lies a little below their mean.
    assert noise(seen(noisy(FLAT, deviation))) == pytest.approx(expected, abs=0.04)


def test_hard_edges_are_no_noise() -> None:
    assert noise(seen(drawn_face())) == 1


def test_black_tiles_do_not_hide_the_noise_of_the_others() -> None:
    half = noisy(FLAT, 20)
    half[:96] = 0
    assert 100 * noise(seen(half)) < THRESHOLD


def test_noise_finer_than_the_face_needs_is_averaged_out() -> None:
    grain = noisy(FLAT, 16)
    assert noise(seen(grain, eye_distance=240)) == pytest.approx(noise(seen(grain)) + 0.4, abs=0.05)


@pytest.mark.parametrize("size", [1, 2, 5, 17])
def test_tiny_boxes_have_an_answer(size: int) -> None:
    box = np.full((size, size), 90, np.uint8)
    assert noise(FaceView(drawn_face(), POINTS, box, (0, 0), 500.0)) == 1
