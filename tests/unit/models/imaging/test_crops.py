from math import cos, pi, sin

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.imaging.crops import cut, letterboxed, resized, warp
from models.imaging.decode import Image
from models.imaging.geometry import Letterbox, Region, apply, inverse


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def ramp(height: int, width: int) -> Image:
    """Blue is x and green is y, of the upper left corner of the pixel."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x, y, x * 0], axis=-1).astype(np.uint8)


def box(*corners: float) -> Region:
    return Region.of_box(np.array(corners, np.float64))


def test_a_box_of_the_size_of_the_crop_is_copied() -> None:
    image = noise(40, 50)
    np.testing.assert_array_equal(cut(image, box(7, 9, 23, 25), 16), image[9:25, 7:23])


def test_outside_of_the_image_its_edge_is_repeated() -> None:
    image = noise(20, 20)
    expected = cv2.copyMakeBorder(image, 6, 6, 6, 6, cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(cut(image, box(-6, -6, 26, 26), 32), expected)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_crop_that_shrinks_averages_all_its_pixels(factor: int) -> None:
    image = noise(16 * factor, 16 * factor)
    blocks = image.reshape(16, factor, 16, factor, 3).mean(axis=(1, 3))
    crop = cut(image, box(0, 0, 16 * factor, 16 * factor), 16)
    assert np.abs(crop - blocks).max() <= 2


@pytest.mark.parametrize("factor", [2.9, 3.0, 5.3, 7.9])
def test_fine_stripes_do_not_show_as_coarse_ones(factor: float) -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = cut(stripes, box(10, 10, 10 + 40 * factor, 10 + 40 * factor), 40)
    assert np.ptp(crop.astype(int)) <= 8


@given(st.floats(-pi, pi), st.floats(0.2, 7), st.floats(110, 140), st.floats(110, 140))
@settings(max_examples=200)
def test_a_pixel_of_a_warp_is_where_the_map_says(turned: float, reach: float, x: float, y: float) -> None:
    matrix = Region(np.array([x, y]), np.full(2, 16 * reach), turned).to_square(16)
    crop = warp(ramp(250, 250), matrix, 16)
    centres = np.stack(np.meshgrid(np.arange(16) + 0.5, np.arange(16) + 0.5), axis=-1)
    seen = crop[..., :2] + 0.5
    # Each rounding to a whole grey value may cost half of one; cv2 rounds halves up.
    assert np.abs(seen - apply(inverse(matrix), centres)).max() <= 1.5


def test_supersampling_averages_what_it_draws() -> None:
    image = noise(64, 64)
    fine = warp(image, np.array([[2.0, 0, 0], [0, 2, 0]]), 128)
    coarse = warp(image, np.array([[0.5, 0, 0], [0, 0.5, 0]]), 32, supersample=4)
    assert np.abs(coarse - cv2.resize(fine, (32, 32), interpolation=cv2.INTER_AREA).astype(int)).max() <= 1


@pytest.mark.parametrize("region", [box(-1e9, -1e9, 1e9, 1e9), box(1e6, 1e6, 1e6 + 9, 1e6 + 9), box(5, 5, 5, 5)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (50, 70)])
def test_absurd_regions_and_tiny_images_still_give_a_crop(region: Region, shape: tuple[int, int]) -> None:
    assert cut(noise(*shape), region, 24).shape == (24, 24, 3)


def test_a_region_beyond_a_corner_shows_the_corner() -> None:
    image = noise(30, 40)
    crop = cut(image, box(900, 900, 990, 990), 8)
    assert (crop == image[-1, -1]).all()


def test_a_turned_crop_is_level() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    turned = 0.6
    end = (round(100 + 60 * cos(turned)), round(100 + 60 * sin(turned)))
    cv2.line(image, (100, 100), end, (255, 255, 255), 5)
    crop = cut(image, Region(np.array([100.5, 100.5]), np.full(2, 140.0), turned), 70)
    rows, columns = np.nonzero(crop[..., 0] > 200)
    assert np.ptp(rows) <= 4
    assert np.ptp(columns) >= 25
    assert rows.mean() == pytest.approx(35, abs=1)


@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(100, 60), (700, 1900), (1, 90), (33, 2000)])
def test_a_letterboxed_image_is_at_the_position_of_its_letterbox(shape: tuple[int, int], margin: float) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    letterbox = Letterbox.fit(*shape, 320, margin)
    drawn = letterboxed(image, letterbox, (352, 352), 7)
    assert drawn.shape == (352, 352, 3)
    rows, columns = np.nonzero(drawn[..., 0] == 200)
    assert (rows.min(), rows.max() + 1) == (letterbox.offset, letterbox.offset + letterbox.height)
    assert (columns.min(), columns.max() + 1) == (letterbox.offset, letterbox.offset + letterbox.width)
    assert ((drawn == 200) | (drawn == 7)).all()


def test_a_large_image_is_averaged_into_its_letterbox() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 255
    drawn = letterboxed(stripes, Letterbox.fit(1200, 1200, 320), (320, 320), 0)
    assert np.abs(drawn.astype(int) - 128).max() <= 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (64, 64), (130, 70), (704, 1920)])
def test_a_resized_image_is_cut_whole(shape: tuple[int, int]) -> None:
    image = cv2.GaussianBlur(noise(*shape), (0, 0), 3).astype(np.uint8)
    whole = cut(image, box(0, 0, shape[1], shape[0]), 64)
    assert np.abs(resized(image, 64, 64).astype(int) - whole).max() <= 1


def test_a_large_image_is_averaged_as_it_is_resized() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(resized(stripes, 100, 200).astype(int) - 128).max() <= 2
