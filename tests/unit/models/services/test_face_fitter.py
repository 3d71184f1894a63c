import numpy as np

from models.imaging.geometry import quantise
from models.output import Pose
from models.runtime.session import Session
from models.services.face_fitter import FaceFitter
from tests.unit.models.networks.networks import Constant, MarkedMesh, SpotYunet, marked_face

EYES_AND_MOUTH = np.array([[170.0, 120], [230, 120], [200, 130]])
BINS = [0.0] * 66


def fitter(mesh: Session) -> FaceFitter:
    networks = {"yunet": SpotYunet(), "facemesh": mesh, "fr-pose": Constant(yaw=BINS, pitch=BINS, roll=BINS)}
    assert tuple(networks) == FaceFitter.weights
    return FaceFitter(lambda name: networks[name])


def test_each_image_gets_its_own_faces_with_points_and_pose() -> None:
    empty = np.full((300, 400, 3), 128, np.uint8)
    shifted = EYES_AND_MOUTH + np.array([30, 40])
    images = [empty, marked_face(EYES_AND_MOUTH), empty, marked_face(shifted)]
    mesh = MarkedMesh()
    found = fitter(mesh).detect(images)
    assert [len(faces) for faces in found] == [0, 1, 0, 1]
    assert mesh.rows == [2, 2]
    for faces, expected in ((found[1], EYES_AND_MOUTH), (found[3], shifted)):
        (face,) = faces
        assert face.landmarks is not None
        assert face.landmarks.shape == (21, 2)
        np.testing.assert_allclose((face.bbox[:2] + face.bbox[2:]) / 2, expected[2], atol=1)
        assert isinstance(face.pose, Pose)


def test_coordinates_lie_on_the_grid_that_survives_relative_coordinates() -> None:
    ((face,),) = fitter(MarkedMesh()).detect([marked_face(EYES_AND_MOUTH)])
    for values in (face.bbox, face.landmarks):
        assert (quantise(values) == values).all()


def test_no_image_and_no_face_reach_no_further_network() -> None:
    mesh = MarkedMesh()
    assert fitter(mesh).detect([]) == []
    assert fitter(mesh).detect([np.zeros((50, 50, 3), np.uint8)]) == [[]]
    assert mesh.rows == []
