"""Bare faces, and the same ones with a mask drawn on."""

import pytest

from models.runtime.session import SessionSource
from models.service import Face
from models.services.mask_estimator import MaskEstimator
from tests.accuracy.photos import PORTRAITS, fitted, masked
from tests.tolerances import assert_alike

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def faces(sessions: SessionSource) -> list[Face]:
    return [fitted(sessions, name) for name in PORTRAITS]


def test_bare_faces_wear_no_mask(sessions: SessionSource, faces: list[Face]) -> None:
    assert [mask.value for mask in MaskEstimator(sessions).estimate(faces)] == [False] * len(PORTRAITS)


def test_drawn_masks_are_masks(sessions: SessionSource, faces: list[Face]) -> None:
    masks = MaskEstimator(sessions).estimate([masked(face) for face in faces])
    assert [mask.value for mask in masks] == [True] * len(PORTRAITS)
    assert min(mask.confidence for mask in masks) > 0.75


def test_a_box_is_enough(sessions: SessionSource, faces: list[Face]) -> None:
    estimator = MaskEstimator(sessions)
    assert_alike(estimator.estimate([Face(face.image, face.bbox) for face in faces]), estimator.estimate(faces))
