import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.sharpness import THRESHOLD, sharpness
from tests.unit.models.quality.drawn import blurred, drawn_face, lit, noisy, seen


@given(st.floats(0.5, 6), st.floats(0.5, 6))
def test_more_blur_never_looks_sharper(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert sharpness(seen(blurred(drawn_face(), more))) <= sharpness(seen(blurred(drawn_face(), less))) + 0.01


def test_hard_edges_are_sharp_and_smeared_ones_are_not() -> None:
    assert sharpness(seen(drawn_face())) > 0.7
    assert 100 * sharpness(seen(blurred(drawn_face(), 6))) < THRESHOLD


@pytest.mark.parametrize("sigma", [0, 2, 4])
def test_dim_light_changes_little(sigma: float) -> None:
    face = blurred(drawn_face(), sigma)
    assert sharpness(seen(lit(face, 0.4))) == pytest.approx(sharpness(seen(face)), abs=0.06)


def test_noise_does_not_pass_for_sharpness() -> None:
    face = blurred(drawn_face(), 5)
    assert 100 * sharpness(seen(noisy(face, 12))) < THRESHOLD


def test_a_face_smeared_in_one_direction_only_is_not_sharp() -> None:
    smeared = np.asarray(np.stack([np.roll(drawn_face(), shift, axis=1) for shift in range(25)]).mean(axis=0), np.uint8)
    assert sharpness(seen(smeared)) < sharpness(seen(drawn_face())) / 2


def test_a_flat_picture_has_no_sharpness() -> None:
    assert sharpness(seen(np.full((192, 192), 128, np.uint8))) == 0
