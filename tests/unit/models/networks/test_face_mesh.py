from math import cos, radians, sin

import numpy as np
import pytest

from models.imaging.geometry import Box, Points
from models.networks.face_mesh import FaceMesh, Mesh
from models.runtime.session import MAX_ROWS
from tests.unit.models.networks.networks import LEFT_EYE, MOUTH, RIGHT_EYE, MarkedMesh, marked_face

UPRIGHT = np.array([[170.0, 120], [230, 120], [200, 185]])


def leaning(degrees: float) -> Points:
    turn = radians(degrees)
    rotation = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    return (UPRIGHT - 150) @ rotation.T + 150


def box_around(points: Points) -> Box:
    centre = points.mean(axis=0)
    return np.concatenate([centre - 70, centre + 70])


def seen(mesh: Mesh) -> Points:
    return np.stack([mesh.points[part, :2].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE, MOUTH)])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("degrees", [-80, -45, -20, 0, 9, 30, 60])
def test_points_come_back_where_they_are_in_the_image(degrees: float, known: bool) -> None:
    face = leaning(degrees)
    turn = radians(degrees) if known else 0.0
    (mesh,) = FaceMesh(MarkedMesh()).fit([marked_face(face)], [box_around(face)], [turn])
    np.testing.assert_allclose(seen(mesh), face, atol=1)
    assert mesh.turn == pytest.approx(radians(degrees), abs=0.02)


def test_it_looks_twice_where_the_second_look_sees_level_eyes() -> None:
    network = MarkedMesh()
    faces = [leaning(0), leaning(40)]
    FaceMesh(network).fit([marked_face(face) for face in faces], [box_around(face) for face in faces], [0.0, 0.0])
    assert network.rows == [2, 2]


def test_it_looks_again_at_those_whose_eyes_still_lean() -> None:
    class Hesitant(MarkedMesh):
        """Says a third of the lean that it sees, the first two times."""

        def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
            outputs = dict(super().run(batch))
            heights = outputs["mesh"].reshape(len(batch), 468, 3)[:, :, 1]
            if len(self.rows) <= 2:
                middle = (heights[:, [33]] + heights[:, [362]]) / 2
                heights[:, [*LEFT_EYE, *RIGHT_EYE]] = (heights[:, [*LEFT_EYE, *RIGHT_EYE]] + 2 * middle) / 3
            return outputs

    network = Hesitant()
    faces = [leaning(0), leaning(60)]
    meshes = FaceMesh(network).fit(
        [marked_face(face) for face in faces], [box_around(face) for face in faces], [0.0, 0.0]
    )
    assert network.rows == [2, 2, 1, 1]
    for face, mesh in zip(faces, meshes, strict=True):
        np.testing.assert_allclose(seen(mesh), face, atol=1)


def test_looks_are_bounded_where_eyes_never_settle() -> None:
    class Spinning(MarkedMesh):
        def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
            outputs = super().run(batch)
            outputs["mesh"].reshape(-1, 468, 3)[:, RIGHT_EYE, :2] = 60, 150
            return outputs

    network = Spinning()
    FaceMesh(network).fit([marked_face(UPRIGHT)], [box_around(UPRIGHT)], [0.0])
    assert len(network.rows) == 5


def test_many_faces_of_many_images_keep_their_order_and_the_cap() -> None:
    network = MarkedMesh()
    faces = [UPRIGHT + np.array([2 * number, number]) for number in range(MAX_ROWS + 4)]
    meshes = FaceMesh(network).fit(
        [marked_face(face) for face in faces], [box_around(face) for face in faces], [0.0] * len(faces)
    )
    assert network.rows == [MAX_ROWS, 4, MAX_ROWS, 4]
    for face, mesh in zip(faces, meshes, strict=True):
        np.testing.assert_allclose(seen(mesh), face, atol=1)


def test_no_face_reaches_no_network() -> None:
    network = MarkedMesh()
    assert FaceMesh(network).fit([], [], []) == []
    assert network.rows == []


def test_depth_comes_in_pixels_of_the_image() -> None:
    (mesh,) = FaceMesh(MarkedMesh()).fit([marked_face(UPRIGHT)], [box_around(UPRIGHT)], [0.0])
    across = np.linalg.norm(mesh.points[362, :2] - mesh.points[33, :2])
    assert across == pytest.approx(60, abs=1)
    # The stand-in says 96 for every depth: half of its crop, so half of the region's side.
    assert mesh.points[0, 2] == pytest.approx(1.5 * np.ptp(mesh.points[:, 1]) / 2, rel=0.1)
