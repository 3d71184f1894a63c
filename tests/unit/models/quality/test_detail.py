from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.detail import NOISE_THRESHOLD, SHARPNESS_THRESHOLD, compression, noise, sharpness
from models.quality.view import FaceView, Grey
from tests.unit.models.quality.drawn import POINTS, blurred, drawn_face, lit, noisy, seen


@given(st.floats(0.5, 6), st.floats(0.5, 6))
def test_more_blur_never_looks_sharper(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert sharpness(seen(blurred(drawn_face(), more))) <= sharpness(seen(blurred(drawn_face(), less))) + 0.01


def test_hard_edges_are_sharp_and_smeared_ones_are_not() -> None:
    assert sharpness(seen(drawn_face())) > 0.7
    assert 100 * sharpness(seen(blurred(drawn_face(), 6))) < SHARPNESS_THRESHOLD


@pytest.mark.parametrize("sigma", [0, 2, 4])
def test_dim_light_changes_little(sigma: float) -> None:
    face = blurred(drawn_face(), sigma)
    assert sharpness(seen(lit(face, 0.4))) == pytest.approx(sharpness(seen(face)), abs=0.06)


def test_noise_does_not_pass_for_sharpness() -> None:
    face = blurred(drawn_face(), 5)
    assert 100 * sharpness(seen(noisy(face, 12))) < SHARPNESS_THRESHOLD


def test_a_face_smeared_in_one_direction_only_is_not_sharp() -> None:
    smeared = np.asarray(np.stack([np.roll(drawn_face(), shift, axis=1) for shift in range(25)]).mean(axis=0), np.uint8)
    assert sharpness(seen(smeared)) < sharpness(seen(drawn_face())) / 2


def test_a_flat_picture_has_no_sharpness() -> None:
    assert sharpness(seen(np.full((192, 192), 128, np.uint8))) == 0


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
    assert 100 * noise(seen(half)) < NOISE_THRESHOLD


def test_noise_finer_than_the_face_needs_counts_less_than_coarse_noise() -> None:
    grain = noisy(FLAT, 16)
    fine = seen(grain, eye_distance=240)
    assert noise(fine) == pytest.approx(1 - np.log2(0.8 * 16) / 5, abs=0.05)
    assert noise(fine) > noise(seen(grain))


@pytest.mark.parametrize("eye_distance", [60, 125, 250, 500])
def test_heavy_noise_fails_at_every_size_of_a_face(eye_distance: float) -> None:
    assert 100 * noise(seen(noisy(FLAT, 30), eye_distance=eye_distance)) < NOISE_THRESHOLD - 2


@pytest.mark.parametrize("size", [1, 2, 5, 17])
def test_tiny_boxes_have_an_answer(size: int) -> None:
    box = np.full((size, size), 90, np.uint8)
    assert noise(FaceView(drawn_face(), POINTS, box, (0, 0), 500.0)) == 1


def compressed(grey: Grey, quality: int) -> Grey:
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.fixture(scope="module")
def grainy() -> Grey:
    slope = np.linspace(0, 40, 192).astype(np.uint8)
    return noisy(drawn_face() + slope, 3)


def test_every_step_down_in_jpeg_shows(grainy: Grey) -> None:
    shares = [compression(seen(compressed(grainy, quality))) for quality in (95, 30, 15, 8, 3)]
    assert shares[0] == 1
    assert all(less < more for more, less in pairwise(shares))
    assert shares[-1] < 0.3


def test_uncompressed_pictures_are_free_of_blocks(grainy: Grey) -> None:
    assert compression(seen(grainy)) == 1
    assert compression(seen(np.full((192, 192), 128, np.uint8))) == 1


@pytest.mark.parametrize("corner", [(0, 0), (3, 5), (8, 1)])
def test_blocks_are_counted_from_the_corner_of_the_image(grainy: Grey, corner: tuple[int, int]) -> None:
    left, top = corner
    ruined = compressed(grainy, 5)
    box = ruined[top:, left:]
    here = compression(FaceView(ruined, POINTS, box, corner, 60.0))
    assert here == pytest.approx(compression(seen(ruined)), abs=0.1)
    assert compression(FaceView(ruined, POINTS, box, (left + 4, top + 4), 60.0)) == 1


@pytest.mark.parametrize("size", [1, 5, 9])
def test_boxes_without_a_whole_block_have_an_answer(size: int) -> None:
    box = np.full((size, size), 90, np.uint8)
    assert compression(FaceView(drawn_face(), POINTS, box, (3, 3), 60.0)) == 1
