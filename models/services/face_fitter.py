"""Service `face-detector-face-fitter`: the faces in an image, with their points and pose."""

from collections.abc import Sequence
from itertools import islice

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.family import ModelFamily
from models.imaging.decode import Image
from models.imaging.geometry import quantise
from models.networks.face_detector import FaceDetector
from models.networks.face_mesh import FaceMesh
from models.networks.head_pose import HeadPose
from models.networks.landmarks import landmarks_of
from models.output import BBOX, CONFIDENCE, LANDMARKS, POSE
from models.runtime.session import SessionSource
from models.service import DetectingService, Found, ServiceWithOptions


class FaceFitter(ServiceWithOptions, DetectingService):
    """Finds faces, with 21 points and the pose of the head of each."""

    name = "face-detector-face-fitter"
    family = ModelFamily.FACE_DETECTION
    outputs = (CONFIDENCE, BBOX, LANDMARKS, POSE)
    weights = (FaceDetector.model, FaceMesh.model, HeadPose.model)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        self._detector = FaceDetector(sessions(FaceDetector.model), turned=options.turned_photos)
        self._mesh = FaceMesh(sessions(FaceMesh.model))
        self._pose = HeadPose(sessions(HeadPose.model))

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """See `DetectingService.detect`; every face has its landmarks and pose."""
        detections = self._detector.detect(images)
        faces = [detection for found in detections for detection in found]
        owners = [image for image, found in zip(images, detections, strict=True) for _ in found]
        turns = [face.turn for face in faces]
        meshes = self._mesh.fit(owners, [face.bbox for face in faces], turns)
        poses = self._pose.estimate(owners, meshes)
        fitted = (
            Found(quantise(face.bbox), face.confidence, quantise(landmarks_of(mesh.points)), pose)
            for face, mesh, pose in zip(faces, meshes, poses, strict=True)
        )
        return [list(islice(fitted, len(found))) for found in detections]
