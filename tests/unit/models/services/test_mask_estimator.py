from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.runtime.session import MAX_ROWS, FloatArray, Session
from models.service import Face
from models.services.mask_estimator import MaskEstimator
from tests.unit.models.networks.networks import BlindYunet, Constant

BOX = np.array([60.0, 60, 140, 140])


class LeftRed:
    """As sure of a mask as the left half of a crop is red."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.rows.append(len(batch))
        shares = (batch[:, :, :112, 0].mean(axis=(1, 2)) + 1) / 2
        return {"probabilities": np.stack([shares, 1 - shares], axis=1)}


def face(left: int = 0, right: int = 0) -> Face:
    """A black picture, but for the red in the halves of it."""
    image = np.zeros((200, 200, 3), np.uint8)
    image[:, :100, 2], image[:, 100:, 2] = left, right
    return Face(image, BOX)


def estimator(network: Session) -> MaskEstimator:
    assert MaskEstimator.weights == ("yunet", "mask")
    return MaskEstimator({"yunet": BlindYunet(), "mask": network}.__getitem__)


@pytest.mark.parametrize(("share", "value"), [(0.0, False), (0.12, False), (0.14, True), (1.0, True)])
def test_a_share_of_an_eighth_is_already_a_mask(share: float, value: bool) -> None:
    (mask,) = estimator(Constant(probabilities=[share, 1 - share])).estimate([face()])
    assert mask.value is value


@given(st.floats(0, 1, width=32))
def test_the_value_says_what_the_confidence_says(share: float) -> None:
    (mask,) = estimator(Constant(probabilities=[share, 1 - share])).estimate([face()])
    assert 0 <= mask.confidence <= 1
    assert mask.value == (mask.confidence >= 0.5)


def test_a_face_is_seen_once_as_it_is_and_once_in_the_mirror() -> None:
    (half,) = estimator(LeftRed()).estimate([face(left=255)])
    (whole,) = estimator(LeftRed()).estimate([face(left=255, right=255)])
    # One crop is surely masked and its mirror image surely bare: a share of one half, of which 0.13 would do.
    assert half.confidence == pytest.approx(0.87, abs=0.01)
    assert whole.confidence == pytest.approx(1, abs=1e-3)


class Alternating:
    """Gives the shares of a mask to the crops in turn."""

    def __init__(self, *shares: float) -> None:
        self.shares = shares

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        shares = np.resize(np.array(self.shares, np.float32), len(batch))
        return {"probabilities": np.stack([shares, 1 - shares], axis=1)}


def test_one_crop_alone_makes_no_mask() -> None:
    (mask,) = estimator(Alternating(0.6, 0.005)).estimate([face()])
    assert not mask.value


def test_what_is_beside_a_narrow_face_is_not_seen() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[:, :70, 2] = image[:, 130:, 2] = 255
    (mask,) = estimator(LeftRed()).estimate([Face(image, np.array([80.0, 40, 120, 140]))])
    assert mask.confidence < 0.001


def test_many_faces_keep_their_order_and_the_cap() -> None:
    network = LeftRed()
    reds = [round(255 * index / (2 * MAX_ROWS)) for index in range(2 * MAX_ROWS + 1)]
    masks = estimator(network).estimate([face(red, red) for red in reds])
    confidences = [mask.confidence for mask in masks]
    assert confidences == sorted(confidences)
    assert confidences[0] < 0.01 < 0.99 < confidences[-1]
    assert max(network.rows) <= MAX_ROWS


def test_no_face_reaches_no_network() -> None:
    network = LeftRed()
    assert estimator(network).estimate([]) == []
    assert network.rows == []
