from collections.abc import Mapping

import numpy as np
import pytest

from config.options import ServiceOptions
from models.imaging.decode import Image
from models.imaging.quarters import TURNED, box_as_sent
from models.output import BBOX, CONFIDENCE
from models.runtime.session import FloatArray
from models.service import Found
from models.services.body_detector import BodyDetector

RED = (0, 0, 255)
# Pure red, and what the canvas is filled with, after mean and deviation of ImageNet.
RED_SEEN = np.array([(0 - 103.53) / 57.375, (0 - 116.28) / 57.12, (255 - 123.675) / 58.395])
FILL_SEEN = np.array([(114 - 103.53) / 57.375, (114 - 116.28) / 57.12, (114 - 123.675) / 58.395])


class RedNanodet:
    """Sees a person of class `seen` in what is red, at the cell in its middle and, less surely, at the next one.

    Args:
        score: of the cell in the middle.
        seen: the class.
    """

    def __init__(self, score: float = 0.9, seen: int = 0) -> None:
        self.score, self.seen = score, seen
        self.batches: list[FloatArray] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.batches.append(batch)
        outputs = {}
        for stride in (8, 16, 32):
            cells = (416 // stride) ** 2
            outputs[f"scores_{stride}"] = np.zeros((len(batch), cells, 80), np.float32)
            outputs[f"distances_{stride}"] = np.zeros((len(batch), cells, 44), np.float32)
        for row, canvas in enumerate(batch):
            y, x = np.nonzero((np.abs(canvas - RED_SEEN[:, None, None]) < 0.5).all(axis=0))
            if not len(x):
                continue
            box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], np.float64)
            column, line = ((box[:2] + box[2:]) / 2 // 32).astype(int)
            for cell, score in ((column, self.score), (column + 1, self.score - 0.1)):
                centre = np.array([cell, line]) * 32 + 16.0
                outputs["scores_32"][row, line * 13 + cell, self.seen] = score
                sides = np.concatenate([centre - box[:2], box[2:] - centre]) / 32
                outputs["distances_32"][row, line * 13 + cell] = np.concatenate([_logits(side) for side in sides])
        return outputs


def _logits(distance: float) -> FloatArray:
    """(11,): the mean over the bins is the distance."""
    share = distance - np.floor(distance)
    shares = np.full(11, 1e-9, np.float32)
    shares[int(distance)], shares[int(distance) + 1] = max(1 - share, 1e-9), max(share, 1e-9)
    return np.log(shares, dtype=np.float32)


def picture(height: int, width: int, box: tuple[int, int, int, int] | None) -> Image:
    image = np.full((height, width, 3), 30, np.uint8)
    if box:
        image[box[1] : box[3], box[0] : box[2]] = RED
    return image


def detector(network: RedNanodet) -> BodyDetector:
    assert BodyDetector.weights == ("nanodet",)
    return BodyDetector({"nanodet": network}.__getitem__)


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [
        (416, 416, (100, 60, 180, 300)),
        (300, 800, (500, 40, 620, 260)),
        (1000, 250, (60, 200, 190, 700)),
        (101, 77, (10, 20, 60, 90)),
    ],
)
def test_a_body_is_found_where_it_is(height: int, width: int, box: tuple[int, int, int, int]) -> None:
    ((found,),) = detector(RedNanodet()).detect([picture(height, width, box)])
    assert isinstance(found, Found)
    np.testing.assert_allclose(found.bbox, box, atol=2 * max(height, width, 416) / 416)
    assert found.confidence == pytest.approx(0.9)


def test_a_body_gives_what_the_service_declares() -> None:
    ((found,),) = detector(RedNanodet()).detect([picture(416, 416, (100, 60, 180, 300))])
    assert BodyDetector.gives == {CONFIDENCE, BBOX}
    assert not vars(found.values)
    assert (np.round(found.bbox * 1024) == found.bbox * 1024).all()


def test_each_image_gets_its_own_bodies() -> None:
    shapes = [(416, 416, (100, 60, 180, 300)), (300, 400, None), (300, 800, (500, 40, 620, 260))]
    found = detector(RedNanodet()).detect([picture(*shape) for shape in shapes])
    assert [len(bodies) for bodies in found] == [1, 0, 1]
    assert found[0][0].bbox[0] == pytest.approx(100, abs=2)
    assert found[2][0].bbox[0] == pytest.approx(500, abs=4)


@pytest.mark.parametrize(("score", "count"), [(0.4, 1), (0.38, 0)])
def test_an_unsure_body_is_none(score: float, count: int) -> None:
    (found,) = detector(RedNanodet(score)).detect([picture(416, 416, (100, 60, 180, 300))])
    assert len(found) == count


def test_what_is_no_person_is_no_body() -> None:
    assert detector(RedNanodet(seen=1)).detect([picture(416, 416, (100, 60, 180, 300))]) == [[]]


def test_the_network_sees_the_picture_in_the_middle_of_a_grey_canvas() -> None:
    network = RedNanodet()
    detector(network).detect([picture(208, 416, (0, 0, 416, 208))])
    (canvas,) = network.batches[0]
    assert canvas.shape == (3, 416, 416)
    for y, expected in ((100, FILL_SEEN), (107, RED_SEEN), (308, RED_SEEN), (315, FILL_SEEN)):
        np.testing.assert_allclose(canvas[:, y, 200], expected, atol=1e-4)


def test_no_image_reaches_no_network() -> None:
    network = RedNanodet()
    assert detector(network).detect([]) == []
    assert network.batches == []


class StandingNanodet(RedNanodet):
    """Is sure of a red person who is higher than wide, less sure of others, and gives no box of theirs rightly."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        outputs = dict(super().run(batch))
        for row, canvas in enumerate(batch):
            y, x = np.nonzero((np.abs(canvas - RED_SEEN[:, None, None]) < 0.5).all(axis=0))
            if len(x) and np.ptp(y) < np.ptp(x):
                outputs["scores_32"][row] *= 0.5
        return outputs


@pytest.mark.parametrize("quarter", TURNED)
def test_a_rotated_photo_has_the_people_that_it_has_upright(quarter: int) -> None:
    image = picture(400, 300, (120, 60, 200, 330))
    rotated = np.ascontiguousarray(np.rot90(image, -quarter))
    ((upright,), (found,)) = detector(StandingNanodet()).detect([image, rotated])
    np.testing.assert_allclose(found.bbox, box_as_sent(upright.bbox, quarter, *rotated.shape[:2]), atol=2)
    assert found.confidence == pytest.approx(upright.confidence)


def test_a_photo_with_a_sure_person_is_looked_at_once() -> None:
    network = RedNanodet()
    detector(network).detect([picture(400, 300, (120, 60, 200, 330))])
    assert len(network.batches) == 1


def test_without_the_option_each_photo_is_looked_at_once() -> None:
    network = RedNanodet()
    service = BodyDetector.build({"nanodet": network}.__getitem__, ServiceOptions(turned_photos=False))
    assert service.detect([picture(400, 300, None)]) == [[]]
    assert len(network.batches) == 1
