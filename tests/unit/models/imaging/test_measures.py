import cv2
import numpy as np
import pytest

from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Box, Region
from models.imaging.measures import REACH, edges_kept, part_means, softness, tile_means
from models.runtime.session import FloatArray
from tests.unit.models.drawings import drawn


def ramp(height: int, width: int) -> FloatArray:
    return np.arange(height * width, dtype=np.float32).reshape(height, width)


@pytest.mark.parametrize("shape", [(8, 12), (11, 14)])
def test_each_part_counts_alike_and_the_rest_not_at_all(shape: tuple[int, int]) -> None:
    values = ramp(*shape)
    expected = values[:8, :12].reshape(4, 2, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(part_means(values, 4, 4), expected, rtol=1e-6)


def test_tiles_are_square_and_the_rest_does_not_count() -> None:
    values = ramp(10, 9)
    expected = values[:8, :8].reshape(2, 4, 2, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(tile_means(values, 4), expected, rtol=1e-6)


@pytest.mark.parametrize(("shape", "tiles"), [((3, 9), (1, 2)), ((9, 3), (2, 1)), ((1, 1), (1, 1)), ((3, 3), (1, 1))])
def test_a_picture_smaller_than_a_tile_makes_one(shape: tuple[int, int], tiles: tuple[int, int]) -> None:
    assert tile_means(ramp(*shape), 4).shape == tiles


BOX: Box = np.array([200.0, 200, 440, 440])


def crop(blur: float = 0.0, size: int = 256) -> Image:
    return cut(drawn(BOX, blur), Region.of_box(BOX), size)


def test_crisp_edges_are_not_soft() -> None:
    assert softness(crop()) < 0.4


def test_the_more_blur_the_softer() -> None:
    blurred = [softness(crop(blur)) for blur in (0, 2, 4, 8, 16)]
    assert blurred == sorted(blurred)
    assert blurred[-1] > 0.8


@pytest.mark.parametrize("blur", [32, 48, 64])
def test_steps_between_grey_levels_do_not_pass_for_edges(blur: float) -> None:
    assert softness(crop(blur)) > 0.8
    assert softness(crop(blur, size=80)) > 0.8


def test_a_flat_picture_has_nothing_to_judge() -> None:
    assert softness(np.full((256, 256, 3), 130, np.uint8)) == 1


def test_noise_does_not_pass_for_edges() -> None:
    noise = np.random.default_rng(0).normal(0, 8, (256, 256, 3))
    noisy = np.clip(crop(8) + noise, 0, 255).astype(np.uint8)
    assert softness(noisy) > 0.55


@pytest.mark.parametrize("axis", [(0, 25), (25, 0)])
def test_blur_in_one_direction_is_enough(axis: tuple[int, int]) -> None:
    moved = cv2.blur(crop(), (max(axis[0], 1), max(axis[1], 1)))
    assert softness(np.asarray(moved, np.uint8)) > softness(crop())


def test_softness_is_a_share() -> None:
    pictures = [crop(), crop(8), np.random.default_rng(0).integers(0, 256, (80, 80, 3)).astype(np.uint8)]
    assert all(0 <= softness(picture) <= 1 for picture in pictures)


def test_what_is_kept_is_what_a_box_blur_leaves() -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(0).normal(100, 60, (137, 137)), (0, 0), 2).astype(np.float32)
    inside = slice(REACH, -REACH)

    def energy(rows: np.ndarray) -> float:
        steps = np.diff(rows[inside, inside], axis=0)[:, :128]
        tiles = np.square(steps).reshape(8, 16, 8, 16).mean(axis=(1, 3))
        return float(tiles.mean() - np.percentile(tiles, 25))

    length = 2 * REACH + 1
    kept = [energy(cv2.blur(rows, (1, length))) / energy(rows) for rows in (picture, picture.T.copy())]
    assert edges_kept(picture, 1.0) == pytest.approx(np.sqrt(max(kept)), rel=1e-4)
