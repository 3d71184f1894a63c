from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.imaging.crops import resized
from models.quality.background import SIZE, Background
from models.quality.view import Grey, Mask
from models.quality.watermark import THRESHOLD, watermark
from tests.unit.models.quality.drawn import blurred, coloured, lit, noisy

EVERYWHERE = np.ones((SIZE, SIZE), np.uint8)
NOWHERE = np.zeros((SIZE, SIZE), np.uint8)
WALL = np.full((480, 480), 120, np.uint8)
ABOVE = EVERYWHERE.copy()
ABOVE[205:] = 0


def seen(grey: Grey, behind: Mask) -> float:
    """How surely a photo bears a watermark."""
    return watermark(grey, Background(resized(coloured(grey), SIZE, SIZE), behind))


def cluttered() -> Grey:
    """Spots of all sizes, as in a photo without a pattern."""
    random = np.random.default_rng(3)
    layers = [
        cv2.resize(random.normal(size=(side, side)), (480, 480), interpolation=cv2.INTER_CUBIC) * 200 / side
        for side in (6, 20, 60, 160)
    ]
    return np.asarray((128 + np.sum(layers, axis=0)).clip(0, 255), np.uint8)


def faded(grey: Grey, contrast: float) -> Grey:
    """Pixels drawn towards their mean."""
    return np.asarray((grey.mean() + contrast * (grey - grey.mean())).round(), np.uint8)


def carved(wall: Grey, lighter: tuple[int, int], darker: tuple[int, int]) -> Grey:
    """A wall with so many rings that are lighter, and darker, by so many levels."""
    random = np.random.default_rng(0)
    levels = wall.astype(np.float32)
    for count, step in (lighter, (darker[0], -darker[1])):
        rings = np.zeros(wall.shape, np.float32)
        for x, y, radius in random.integers((0, 0, 4), (480, 480, 40), (count, 3)).tolist():
            cv2.circle(rings, (x, y), radius, (1.0,), 2, cv2.LINE_AA)
        levels += step * rings
    return np.asarray(levels.clip(0, 255).round(), np.uint8)


PLAIN = {
    "wall": WALL,
    "clutter": cluttered(),
    "carvings": carved(np.full((480, 480), 150, np.uint8), lighter=(120, 6), darker=(120, 25)),
}

exposures: st.SearchStrategy[Callable[[Grey], Grey]] = st.one_of(
    st.floats(0.5, 1.4).map(lambda gain: partial(lit, gain=gain)),
    st.floats(0.4, 1).map(lambda contrast: partial(faded, contrast=contrast)),
)
"""Brightness and contrast, changed all over a photo."""


def tiled(grey: Grey, opacity: float) -> Grey:
    """White text all over the picture."""
    mark = np.zeros(grey.shape, np.float32)
    for y in range(20, 480, 60):
        for x in range(-20, 480, 130):
            cv2.putText(mark, "SAMPLE", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (1.0,), 2, cv2.LINE_AA)
    return np.asarray((grey * (1 - opacity * mark) + 255 * opacity * mark).round(), np.uint8)


def written(grey: Grey, opacity: float) -> Grey:
    """One dark word across the picture."""
    mark = np.zeros(grey.shape, np.float32)
    cv2.putText(mark, "PROOF", (10, 270), cv2.FONT_HERSHEY_SIMPLEX, 4.4, (1.0,), 8, cv2.LINE_AA)
    return np.asarray((grey * (1 - opacity * mark)).round(), np.uint8)


@pytest.mark.parametrize("opacity", [0.2, 0.4, 0.8])
def test_a_tiled_mark_shows_on_a_cluttered_photo(opacity: float) -> None:
    assert 100 * seen(tiled(cluttered(), opacity), NOWHERE) >= THRESHOLD


@pytest.mark.parametrize("opacity", [0.2, 0.4, 0.8])
def test_one_word_shows_on_a_plain_wall(opacity: float) -> None:
    assert 100 * seen(written(WALL, opacity), EVERYWHERE) >= THRESHOLD


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=40)
@given(exposures)
def test_neither_brightness_nor_contrast_makes_a_watermark(name: str, exposed: Callable[[Grey], Grey]) -> None:
    assert 100 * seen(exposed(PLAIN[name]), EVERYWHERE) < THRESHOLD


@settings(max_examples=40)
@given(exposures)
def test_neither_brightness_nor_contrast_hides_one(exposed: Callable[[Grey], Grey]) -> None:
    assert 100 * seen(exposed(tiled(cluttered(), 0.3)), NOWHERE) >= THRESHOLD
    assert 100 * seen(exposed(written(WALL, 0.3)), EVERYWHERE) >= THRESHOLD


def test_clutter_that_is_blown_out_in_part_bears_no_writing() -> None:
    rising = np.repeat(np.linspace(174, 190, 480).round().astype(np.uint8)[None], 480, axis=0)
    grey = carved(rising, lighter=(40, 25), darker=(60, 40))
    grey[400:] = np.linspace(5, 250, 480)
    assert 100 * seen(lit(grey, 1.4), ABOVE) < THRESHOLD


def test_one_word_shows_on_a_wall_that_is_blown_out() -> None:
    assert 100 * seen(written(np.full((480, 480), 255, np.uint8), 0.4), EVERYWHERE) >= THRESHOLD


@given(st.floats(0, 40), st.floats(0, 2))
def test_neither_noise_nor_soft_noise_is_a_watermark(deviation: float, sigma: float) -> None:
    for grey in (WALL, cluttered()):
        assert 100 * seen(blurred(noisy(grey, deviation), sigma if sigma > 0.3 else 0), EVERYWHERE) < THRESHOLD


def test_a_pattern_in_a_quarter_of_the_photo_is_none() -> None:
    grey = cluttered()
    grey[240:, 240:] = tiled(grey, 0.8)[240:, 240:]
    assert 100 * seen(grey, NOWHERE) < THRESHOLD


def test_one_word_shows_through_noise() -> None:
    assert 100 * seen(noisy(written(WALL, 0.4), 10), EVERYWHERE) >= THRESHOLD


def test_smears_on_an_empty_wall_are_no_watermark() -> None:
    assert 100 * seen(blurred(noisy(WALL, 2), 4), EVERYWHERE) < THRESHOLD


def test_a_wall_with_light_and_dark_scratches_bears_no_writing() -> None:
    random = np.random.default_rng(5)
    scratched = WALL.copy()
    for start, end, level in zip(*random.integers(0, 480, (2, 40, 2)).tolist(), [105, 135] * 20, strict=True):
        cv2.line(scratched, start, end, (level,), 2, cv2.LINE_AA)
    assert 100 * seen(scratched, EVERYWHERE) < THRESHOLD
    light_alone = np.maximum(scratched, WALL)
    assert 100 * seen(light_alone, EVERYWHERE) >= THRESHOLD


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_picture_has_none(level: int) -> None:
    assert seen(np.full((30, 40), level, np.uint8), EVERYWHERE) == 0


def test_one_word_on_a_cluttered_photo_is_not_watermark() -> None:
    assert 100 * seen(written(cluttered(), 0.4), NOWHERE) < THRESHOLD
