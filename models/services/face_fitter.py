"""Service: faces with their points and pose."""

from collections.abc import Sequence
from itertools import islice

from models.family import ModelFamily
from models.field import Field
from models.imaging.decode import Image
from models.imaging.geometry import angle, quantise
from models.networks.face_detector import FaceDetector
from models.networks.face_mesh import FaceMesh
from models.networks.head_pose import HeadPose
from models.networks.landmarks import landmarks_of
from models.runtime.session import SessionSource
from models.service import DetectingService, Found


class FaceFitter(DetectingService):
    """Finds faces, and 21 points and the pose of the head for each."""

    name = "face-detector-face-fitter"
    family = ModelFamily.FACE_DETECTION
    gives = frozenset({Field.CONFIDENCE, Field.BBOX, Field.LANDMARKS, Field.POSE})
    weights = (FaceDetector.model, FaceMesh.model, HeadPose.model)

    def __init__(self, sessions: SessionSource) -> None:
        self._detector = FaceDetector(sessions(FaceDetector.model))
        self._mesh = FaceMesh(sessions(FaceMesh.model))
        self._pose = HeadPose(sessions(HeadPose.model))

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """See `DetectingService.detect`; the values are `LANDMARKS`, (21, 2) float64, and `POSE`, a `Pose`."""
        detections = self._detector.detect(images)
        faces = [detection for found in detections for detection in found]
        owners = [image for image, found in zip(images, detections, strict=True) for _ in found]
        turns = [angle(face.keypoints[0], face.keypoints[1]) for face in faces]
        meshes = self._mesh.fit(owners, [face.bbox for face in faces], turns)
        poses = self._pose.estimate(owners, meshes)
        fitted = (
            Found(
                quantise(face.bbox),
                face.confidence,
                {Field.LANDMARKS: quantise(landmarks_of(mesh.points)), Field.POSE: pose},
            )
            for face, mesh, pose in zip(faces, meshes, poses, strict=True)
        )
        return [list(islice(fitted, len(found))) for found in detections]
