from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.imaging.crops import resized
from models.imaging.decode import Image
from models.quality.background import SIZE, THRESHOLD, Background, Backgrounds, uniformity
from models.quality.view import Mask
from models.runtime.session import FloatArray
from tests.unit.models.networks.networks import Constant
from tests.unit.models.quality.drawn import noisy

EVERYWHERE = np.ones((SIZE, SIZE), np.uint8)
NOWHERE = np.zeros((SIZE, SIZE), np.uint8)


class RedPeople:
    """Takes what is red for people."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        return {"alpha": (batch[..., :1] > 0.8).astype(np.float32) * (batch[..., 1:2] < 0.2)}


def uniform(image: Image, mask: Mask = EVERYWHERE) -> float:
    return uniformity(Background(resized(image, SIZE, SIZE), mask))


def plain(level: int = 180, shape: tuple[int, int] = (300, 200)) -> Image:
    return np.full((*shape, 3), level, np.uint8)


def two_coloured(apart: int) -> Image:
    image = plain(100)
    image[:150, :100] = image[150:, 100:] = 100 + apart
    return image


def test_people_are_no_background() -> None:
    image = plain()
    image[150:, 50:150] = 0, 0, 255
    (background,) = Backgrounds(RedPeople()).find([image], [[]], [0])
    mask = background.mask
    np.testing.assert_array_equal(background.photo, resized(image, SIZE, SIZE))
    assert mask.shape == (SIZE, SIZE)
    assert mask[200, 128] == 0
    assert mask[50, 128] == mask[200, 20] == 1


def test_heads_are_no_background_even_if_the_network_misses_them() -> None:
    boxes = [np.array([50.0, 60, 150, 180])]
    found = Backgrounds(Constant(alpha=[0.0] * SIZE**2)).find([plain(), plain()], [boxes, []], [0, 0])
    masks = [background.mask for background in found]
    assert masks[0][int(120 / 300 * SIZE), SIZE // 2] == 0
    assert masks[0][5, 5] == 1
    assert masks[1].all()


def test_no_image_reaches_no_network() -> None:
    network = Constant(alpha=[0.0] * SIZE**2)
    assert Backgrounds(network).find([], [], []) == []
    assert network.batches == []


def test_a_plain_wall_is_uniform() -> None:
    assert uniform(plain()) == 1


def test_light_that_falls_off_over_a_wall_is_uniform() -> None:
    slope = np.tile(np.linspace(120, 200, 300)[:, None, None], (1, 200, 3)).astype(np.uint8)
    assert uniform(slope) > 0.95


def test_noise_leaves_a_wall_uniform() -> None:
    assert uniform(noisy(plain(), 12)) > 0.9


@settings(max_examples=25)
@given(st.integers(0, 155), st.integers(0, 155))
def test_more_contrast_is_never_more_uniform(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert uniform(two_coloured(more)) <= uniform(two_coloured(less)) + 0.001


def test_two_strong_colours_fail() -> None:
    assert 100 * uniform(two_coloured(150)) < THRESHOLD


def test_what_people_wear_does_not_matter() -> None:
    image = two_coloured(150)
    mask = EVERYWHERE.copy()
    mask[:, SIZE // 2 - 6 :] = mask[SIZE // 2 - 6 :] = 0
    assert uniform(image, mask) == 1


def test_a_background_that_does_not_show_is_not_called_uniform() -> None:
    assert uniform(plain(), NOWHERE) == 0


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255)])
def test_colours_of_one_luminance_are_distinguished(colour: tuple[int, int, int]) -> None:
    image = plain()
    image[:, 100:] = colour
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    image[:, :100] = grey[0, 150]
    assert uniform(image) < 0.2
