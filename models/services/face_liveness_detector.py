"""Service `face-detector-liveness-estimator`: faces and liveness; three modules, of which a deployment chooses one."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.errors import InvalidRequest
from models.family import ModelFamily
from models.imaging.decode import Image
from models.imaging.geometry import Box, quantise
from models.imaging.quarters import Quarter
from models.networks.face_detector import FaceDetector
from models.networks.liveness import LIVENESS, LivenessClassifier
from models.networks.yunet import Detection
from models.output import BBOX, CONFIDENCE
from models.quality.assessor import QualityAssessor
from models.runtime.session import SessionSource
from models.service import DetectingService, Face, Found, ServiceWithOptions
from models.services.face_fitter import FaceFitter

_MAX_PIXELS = 10_000_000
_MIN_QUALITY = 30


class SeveralFaces(InvalidRequest):
    """The image shows several faces; the module takes images of one face."""

    type: ClassVar[str] = "several_faces"


class LowQuality(InvalidRequest):
    """The quality of the photo is too low to estimate liveness."""

    type: ClassVar[str] = "low_quality"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A face that is to be classified.

    Attributes:
        bbox: as in `Found`.
        confidence: as in `Found`.
        quarter: the quarter turn that is closest to its rotation.
    """

    bbox: Box
    confidence: float
    quarter: Quarter

    @classmethod
    def of(cls, face: Detection) -> "_Candidate":
        return cls(quantise(face.bbox), face.confidence, face.quarter)


class FaceLivenessDetector(ServiceWithOptions, DetectingService):
    """Finds faces, and estimates whether they are there in person."""

    name = "face-detector-liveness-estimator"
    family = ModelFamily.LIVENESS
    optional_weights = LivenessClassifier.preferred_models
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        del options
        self._classifier = LivenessClassifier(sessions)

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """See `DetectingService.detect`; every face has its liveness."""
        found = self._find(images)
        owners = [image for image, faces in zip(images, found, strict=True) for _ in faces]
        every = [face for faces in found for face in faces]
        answers = self._classifier.classify(owners, [face.bbox for face in every], [face.quarter for face in every])
        classified = (
            Found(face.bbox, face.confidence).with_output(LIVENESS, liveness)
            for face, liveness in zip(every, answers, strict=True)
        )
        return [list(islice(classified, len(faces))) for faces in found]

    @abstractmethod
    def _find(self, images: Sequence[Image]) -> list[list[_Candidate]]:
        """The faces of each image that are to be classified.

        Raises:
            InvalidRequest: an image breaks a rule of the module.
            ModelError: the engine failed.
        """


class EachFaceLiveness(FaceLivenessDetector):
    """Finds faces, and estimates whether each is there in person or is a picture of a face."""

    module = "face-detector-liveness-estimator"
    outputs = (CONFIDENCE, BBOX, LIVENESS)
    weights = (FaceDetector.model, *LivenessClassifier.models)

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        super().__init__(sessions, options)
        self._detector = FaceDetector(sessions(FaceDetector.model), turned=options.turned_photos)

    def _find(self, images: Sequence[Image]) -> list[list[_Candidate]]:
        return [[_Candidate.of(face) for face in faces] for faces in self._detector.detect(images)]


class LargestFaceLiveness(FaceLivenessDetector):
    """Finds the largest face, and estimates whether it is there in person or is a picture of a face."""

    module = "liveness-anti-spoofing"
    outputs = (LIVENESS,)
    weights = (FaceDetector.model, *LivenessClassifier.models)
    max_pixels = _MAX_PIXELS

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        super().__init__(sessions, options)
        self._detector = FaceDetector(sessions(FaceDetector.model), turned=options.turned_photos)

    def _find(self, images: Sequence[Image]) -> list[list[_Candidate]]:
        found = self._detector.detect(images)
        return [[_Candidate.of(max(faces, key=_area))] if faces else [] for faces in found]


class GoodFaceLiveness(FaceLivenessDetector):
    """Finds the one face of a good photo, and estimates whether it is there in person or is a picture of a face."""

    module = "quality-liveness-anti-spoofing"
    outputs = (LIVENESS,)
    weights = tuple(dict.fromkeys((*FaceFitter.weights, *QualityAssessor.models, *LivenessClassifier.models)))
    max_pixels = _MAX_PIXELS

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        super().__init__(sessions, options)
        self._fitter = FaceFitter(sessions, options)
        self._assessor = QualityAssessor(sessions)

    def _find(self, images: Sequence[Image]) -> list[list[_Candidate]]:
        """The face of each image that shows one.

        Raises:
            SeveralFaces: an image shows more than one.
            LowQuality: a face scores less than 30 in total.
            ModelError: the engine failed.
        """
        found = self._fitter.detect(images)
        if any(len(faces) > 1 for faces in found):
            raise SeveralFaces("More than one face detected")
        fitted = [[_fitted(image, face) for face in faces] for image, faces in zip(images, found, strict=True)]
        for quality in (quality for qualities in self._assessor.assess(images, fitted) for quality in qualities):
            if quality.total_score < _MIN_QUALITY:
                raise LowQuality(
                    f"Low image quality. Calculated score value ({quality.total_score}) "
                    f"is less than the threshold ({_MIN_QUALITY})"
                )
        return [
            [_Candidate(face.bbox, face.confidence, one.quarter or 0) for face, one in zip(faces, group, strict=True)]
            for faces, group in zip(found, fitted, strict=True)
        ]


def _area(face: Detection) -> float:
    return float((face.bbox[2] - face.bbox[0]) * (face.bbox[3] - face.bbox[1]))


def _fitted(image: Image, face: Found) -> Face:
    return Face(image, face.bbox, face.landmarks, face.pose)
