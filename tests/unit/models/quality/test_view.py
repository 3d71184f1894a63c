import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.view import EYE_DISTANCE, SIZE, FaceView
from tests.unit.models.quality.drawn import POINTS, drawn_face, seen

BOX = np.array([20.0, 4, 172, 188])


@pytest.mark.parametrize("turn", [-40, 0, 25, 170])
def test_eyes_come_to_lie_level_at_their_distance(turn: float) -> None:
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    tilted = POINTS @ np.array([[cosine, sine], [-sine, cosine]]) * 1.7 + 300
    left, right = FaceView.of(np.zeros((800, 800), np.uint8), BOX, tilted).points[[7, 10]]
    np.testing.assert_allclose(left, [66, 66], atol=1e-6)
    np.testing.assert_allclose(right, [66 + EYE_DISTANCE, 66], atol=1e-6)


def test_the_aligned_face_shows_what_is_at_the_points() -> None:
    view = FaceView.of(drawn_face(), BOX, POINTS)
    for x, y in POINTS[[7, 10, 18]].astype(int):
        assert abs(int(view.aligned[y, x]) - 50) < 10
    assert abs(int(view.aligned[90, 60]) - 150) < 10


def test_the_box_is_the_image_as_it_is() -> None:
    view = FaceView.of(drawn_face(), np.array([20.2, 4.0, 171.5, 500]), POINTS)
    assert view.corner == (20, 4)
    np.testing.assert_array_equal(view.box, drawn_face()[4:, 20:172])


@given(st.lists(st.floats(-500, 700), min_size=4, max_size=4))
def test_boxes_outside_the_image_still_show_a_pixel(box: list[float]) -> None:
    view = FaceView.of(drawn_face(), np.array(box), POINTS)
    assert view.box.size > 0


@pytest.mark.parametrize("points", [np.full((21, 2), 50.0), np.full((21, 2), -1e6)])
def test_points_that_coincide_give_a_view_all_the_same(points: np.ndarray) -> None:
    view = FaceView.of(drawn_face(), BOX, points)
    assert view.aligned.shape == (SIZE, SIZE)
    assert view.face().any()


def test_the_forehead_belongs_to_the_face_on_demand() -> None:
    face, whole = seen(drawn_face()).face(), seen(drawn_face()).face(forehead=True)
    assert face[106, 96] == whole[106, 96] == 1
    assert (face[30, 96], whole[30, 96]) == (0, 1)
    assert face[5, 5] == whole[5, 5] == 0
