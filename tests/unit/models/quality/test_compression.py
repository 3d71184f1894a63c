from itertools import pairwise

import cv2
import numpy as np
import pytest

from models.quality.compression import compression
from models.quality.view import FaceView, Grey
from tests.unit.models.quality.drawn import POINTS, drawn_face, noisy, seen


def compressed(grey: Grey, quality: int) -> Grey:
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.fixture(scope="module")
def grainy() -> Grey:
    slope = np.linspace(0, 40, 192).astype(np.uint8)
    return noisy(drawn_face() + slope, 3)


def test_every_step_down_in_jpeg_shows(grainy: Grey) -> None:
    shares = [compression(seen(compressed(grainy, quality))) for quality in (95, 30, 15, 8, 3)]
    assert shares[0] == 1
    assert all(less < more for more, less in pairwise(shares))
    assert shares[-1] < 0.3


def test_uncompressed_pictures_are_free_of_blocks(grainy: Grey) -> None:
    assert compression(seen(grainy)) == 1
    assert compression(seen(np.full((192, 192), 128, np.uint8))) == 1


@pytest.mark.parametrize("corner", [(0, 0), (3, 5), (8, 1)])
def test_blocks_are_counted_from_the_corner_of_the_image(grainy: Grey, corner: tuple[int, int]) -> None:
    left, top = corner
    ruined = compressed(grainy, 5)
    box = ruined[top:, left:]
    here = compression(FaceView(ruined, POINTS, box, corner, 60.0))
    assert here == pytest.approx(compression(seen(ruined)), abs=0.1)
    assert compression(FaceView(ruined, POINTS, box, (left + 4, top + 4), 60.0)) == 1


@pytest.mark.parametrize("size", [1, 5, 9])
def test_boxes_without_a_whole_block_have_an_answer(size: int) -> None:
    box = np.full((size, size), 90, np.uint8)
    assert compression(FaceView(drawn_face(), POINTS, box, (3, 3), 60.0)) == 1
