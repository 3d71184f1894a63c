import numpy as np
import pytest

from models.imaging.tiles import part_means, tile_means
from models.runtime.session import FloatArray


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
