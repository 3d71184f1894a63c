"""Base of the services that estimate age, gender and emotions of a face by its landmarks."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.family import ModelFamily
from models.imaging.decode import Image
from models.imaging.geometry import Points, quantise
from models.imaging.quarters import quarter_angle
from models.networks.face_mesh import FaceMesh
from models.networks.landmarks import landmarks_of
from models.output import Value
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face, ServiceWithOptions
from models.services.face_quarters import FaceQuarters


class FaceAttributeEstimator(ServiceWithOptions, EstimatingService[Value]):
    """Estimates one attribute of faces by their landmarks, and finds the landmarks of faces that have none.

    Landmarks are found from the box, and from the roll if the sample has one; they are kept on the face, so that the
    next service of the stage reuses them: an answer depends on the image, the box, the pose and the landmarks only.

    Attributes:
        fitting_models: the networks that find landmarks.
    """

    family = ModelFamily.FACE_ATTRIBUTES
    fitting_models: ClassVar[tuple[str, ...]] = (FaceQuarters.model, FaceMesh.model)

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        self._quarters = FaceQuarters(sessions, options)
        self._mesh = FaceMesh(sessions(FaceMesh.model))

    def estimate(self, faces: Sequence[Face]) -> list[Value]:
        """See `EstimatingService.estimate`; sets the landmarks of faces that have none."""
        if not faces:
            return []
        bare = [face for face in faces if face.landmarks is None]
        turns = [quarter_angle(quarter) for quarter in self._quarters.of(bare)]
        meshes = self._mesh.fit([face.image for face in bare], [face.bbox for face in bare], turns)
        for face, mesh in zip(bare, meshes, strict=True):
            face.landmarks = quantise(landmarks_of(mesh.points))
        landmarks = [face.landmarks for face in faces if face.landmarks is not None]
        return self._estimate([face.image for face in faces], landmarks)

    @abstractmethod
    def _estimate(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Value]:
        """Estimate at least one face by its image and its 21 points."""
