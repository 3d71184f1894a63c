import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.illumination import FLARE_THRESHOLD, THRESHOLD, blown, dynamic_range, illumination
from models.quality.view import Grey
from tests.unit.models.quality.drawn import drawn_face, lit, seen


def sidelit(shade: float) -> Grey:
    """A face whose right edge gets this share of the light of the left edge."""
    return np.asarray(drawn_face() * np.linspace(1, shade, 192), np.uint8)


def test_soft_light_of_medium_strength_is_best() -> None:
    assert illumination(seen(drawn_face())) > 0.9


@given(st.floats(0.05, 1), st.floats(0.05, 1))
def test_darker_never_looks_better(one: float, other: float) -> None:
    darker, lighter = sorted((one, other))
    assert illumination(seen(lit(drawn_face(), darker))) <= illumination(seen(lit(drawn_face(), lighter))) + 0.01


@given(st.floats(1, 4), st.floats(1, 4))
def test_brighter_than_medium_never_looks_better(one: float, other: float) -> None:
    lower, higher = sorted((one, other))
    assert illumination(seen(lit(drawn_face(), higher))) <= illumination(seen(lit(drawn_face(), lower))) + 0.01


@pytest.mark.parametrize("gain", [0.25, 1.75])
def test_too_dark_and_too_bright_fail(gain: float) -> None:
    assert 100 * illumination(seen(lit(drawn_face(), gain))) < THRESHOLD


def test_light_from_one_side_fails_and_it_does_not_matter_from_which() -> None:
    face = sidelit(0.1)
    assert 100 * illumination(seen(face)) < THRESHOLD
    mirrored = np.ascontiguousarray(face[:, ::-1])
    assert illumination(seen(mirrored)) == pytest.approx(illumination(seen(face)), abs=0.02)
    assert illumination(seen(sidelit(0.5))) > illumination(seen(face))


def test_a_glare_on_the_forehead_is_flare_and_a_white_wall_is_not() -> None:
    assert blown(seen(drawn_face(behind=255))) <= FLARE_THRESHOLD
    glare = drawn_face()
    glare[30:44, 80:112] = 255
    assert blown(seen(glare)) > FLARE_THRESHOLD


@given(st.integers(0, 255), st.integers(0, 255))
def test_the_dynamic_range_counts_grey_levels(one: int, other: int) -> None:
    halves = np.full((192, 192), one, np.uint8)
    halves[96:] = other
    assert dynamic_range(seen(halves)) == abs(one - other)


def test_a_few_outliers_are_no_dynamic_range() -> None:
    spots = np.full((192, 192), 100, np.uint8)
    spots.ravel()[:300] = 0
    spots.ravel()[-300:] = 255
    assert dynamic_range(seen(spots)) == 0
