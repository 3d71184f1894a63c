"""What anybody can check by looking: bodies in the photos of `tests/photos`."""

import cv2
import numpy as np
import pytest

from models.runtime.session import SessionSource
from models.services.body_detector import BodyDetector
from tests.accuracy.photos import NOBODY, PORTRAITS, photo, side_by_side
from tests.tolerances import assert_points_alike

pytestmark = pytest.mark.weights
# From the hair to the lower border, and from arm to arm, read off prints; three fill the picture from side to side.
BODIES = {
    "collins": (15, 15, 365, 512),
    "macron": (0, 31, 434, 540),
    "ardern": (0, 22, 413, 540),
    "obama_senate": (8, 73, 469, 540),
    "obama_speech": (3, 69, 434, 540),
}


@pytest.fixture(scope="module")
def detector(sessions: SessionSource) -> BodyDetector:
    return BodyDetector(sessions)


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_portrait_holds_one_body(detector: BodyDetector, name: str) -> None:
    ((body,),) = detector.detect([photo(name)])
    height, width = photo(name).shape[:2]
    np.testing.assert_allclose(body.bbox, BODIES[name], atol=0.05 * max(height, width))
    assert body.confidence > 0.6


def test_a_thing_is_no_body(detector: BodyDetector) -> None:
    assert detector.detect([photo(NOBODY)]) == [[]]


def test_people_side_by_side_are_found_in_their_places(detector: BodyDetector) -> None:
    image = side_by_side("macron", "ardern", "obama_speech")
    (bodies,) = detector.detect([image])
    sure = [body.bbox for body in bodies if body.confidence > 0.6]
    assert sorted((box[0] + box[2]) / 2 // (image.shape[1] / 3) for box in sure) == [0, 1, 2]
    assert [body.confidence for body in bodies] == sorted((body.confidence for body in bodies), reverse=True)


def test_a_body_in_a_large_picture_is_found_where_it_is(detector: BodyDetector) -> None:
    factor = 3
    ((small,),) = detector.detect([photo("macron")])
    ((large,),) = detector.detect([np.asarray(cv2.resize(photo("macron"), None, fx=factor, fy=factor), np.uint8)])
    np.testing.assert_allclose(large.bbox / factor, small.bbox, atol=8)


def test_a_batch_gives_what_single_images_give(detector: BodyDetector) -> None:
    images = [photo(name) for name in (*PORTRAITS, NOBODY)]
    for image, bodies in zip(images, detector.detect(images), strict=True):
        (alone,) = detector.detect([image])
        assert len(alone) == len(bodies)
        for one, other in zip(alone, bodies, strict=True):
            assert_points_alike(one.bbox, other.bbox)
