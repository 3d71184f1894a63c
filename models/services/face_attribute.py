"""Base of the services that estimate age, gender and emotions of a face by its landmarks."""

from abc import abstractmethod
from collections.abc import Sequence

from models.family import ModelFamily
from models.imaging.decode import Image
from models.imaging.geometry import Points, quantise
from models.networks.face_mesh import FaceMesh
from models.networks.landmarks import landmarks_of
from models.output import Value
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face


class FaceAttributeEstimator(EstimatingService[Value]):
    """Judges faces by their landmarks, and finds the landmarks of faces that have none.

    Landmarks are found from the box alone and kept on the face, so that the next service of the stage reuses them: an
    answer depends on the image, the box and the landmarks only.
    """

    family = ModelFamily.FACE_ATTRIBUTES

    def __init__(self, sessions: SessionSource) -> None:
        self._mesh = FaceMesh(sessions(FaceMesh.model))

    def estimate(self, faces: Sequence[Face]) -> list[Value]:
        """See `EstimatingService.estimate`; sets the landmarks of faces that have none."""
        if not faces:
            return []
        bare = [face for face in faces if face.landmarks is None]
        meshes = self._mesh.fit([face.image for face in bare], [face.bbox for face in bare], [0.0] * len(bare))
        for face, mesh in zip(bare, meshes, strict=True):
            face.landmarks = quantise(landmarks_of(mesh.points))
        landmarks = [face.landmarks for face in faces if face.landmarks is not None]
        return self._judge([face.image for face in faces], landmarks)

    @abstractmethod
    def _judge(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Value]:
        """Judge at least one face by its image and its 21 points."""
