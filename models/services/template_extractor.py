"""Services `template-extractor` and `face-detector-template-extractor`: templates of faces."""

from collections.abc import Sequence
from itertools import islice

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.family import ModelFamily
from models.imaging.decode import Image
from models.imaging.geometry import quantise
from models.networks.face_detector import FaceDetector
from models.networks.face_embedder import FaceEmbedder
from models.networks.landmarks import LandmarkName, select
from models.networks.template import encode
from models.output import BBOX, CONFIDENCE, IMAGE, LANDMARKS, POSE, TEMPLATE
from models.runtime.session import SessionSource
from models.service import DetectingService, EstimatingService, Face, Found, ServiceWithOptions

# The detector finds these five too. Its points differ by a pixel of the crop; templates made with either are as good,
# and compare as well with each other.
_FIVE = (
    LandmarkName.LEFT_EYE,
    LandmarkName.RIGHT_EYE,
    LandmarkName.NOSE,
    LandmarkName.MOUTH_LEFT,
    LandmarkName.MOUTH_RIGHT,
)


class FaceTemplateDetector(ServiceWithOptions, DetectingService):
    """Finds faces, and extracts a template of each."""

    name = "face-detector-template-extractor"
    family = ModelFamily.RECOGNITION
    outputs = (CONFIDENCE, BBOX, TEMPLATE)
    weights = (FaceDetector.model, FaceEmbedder.model)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        self._detector = FaceDetector(sessions(FaceDetector.model), turned=options.turned_photos)
        self._embedder = FaceEmbedder(sessions(FaceEmbedder.model))

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """See `DetectingService.detect`; every face has its template."""
        detections = self._detector.detect(images)
        faces = [face for found in detections for face in found]
        owners = [image for image, found in zip(images, detections, strict=True) for _ in found]
        embeddings = self._embedder.embed(owners, [face.keypoints for face in faces])
        found_faces = (
            Found(quantise(face.bbox), face.confidence).with_output(TEMPLATE, encode(embedding))
            for face, embedding in zip(faces, embeddings, strict=True)
        )
        return [list(islice(found_faces, len(found))) for found in detections]


class TemplateExtractor(EstimatingService[bytes]):
    """Extracts a template of each face."""

    name = "template-extractor"
    family = ModelFamily.RECOGNITION
    needs = frozenset({IMAGE, BBOX, LANDMARKS, POSE})
    output = TEMPLATE
    weights = (FaceEmbedder.model,)

    def __init__(self, sessions: SessionSource) -> None:
        self._embedder = FaceEmbedder(sessions(FaceEmbedder.model))

    def estimate(self, faces: Sequence[Face]) -> list[bytes]:
        """See `EstimatingService.estimate`; every face has its landmarks."""
        points = [select(face.landmarks, *_FIVE) for face in faces if face.landmarks is not None]
        return [encode(embedding) for embedding in self._embedder.embed([face.image for face in faces], points)]
