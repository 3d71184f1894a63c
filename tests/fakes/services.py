"""Services without models."""

from collections.abc import Sequence

import numpy as np

from models.errors import ModelError
from models.family import ModelFamily
from models.imaging.decode import Image
from models.output import BBOX, CONFIDENCE
from models.service import DetectingService, EstimatingService, Face, Found
from models.services.age_estimator import AgeEstimator


class FakeDetector(DetectingService):
    """Finds one object per 10 pixels of width."""

    name = "face-detector-face-fitter"
    family = ModelFamily.FACE_DETECTION
    outputs = (CONFIDENCE, BBOX)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        self.batches.append(len(images))
        return [
            [Found(np.array([10.0 * n, 0, 10.0 * n + 5, 5]), 0.9) for n in range(image.shape[1] // 10)]
            for image in images
        ]


class FakeAge(EstimatingService[float]):
    """Gives the left edge of a face, in pixels, as its age; fails on a face at `broken_at`."""

    name = "age-estimator"
    family = ModelFamily.FACE_ATTRIBUTES
    output = AgeEstimator.output

    def __init__(self, broken_at: float | None = None) -> None:
        self.broken_at = broken_at
        self.batches: list[int] = []

    def estimate(self, faces: Sequence[Face]) -> list[float]:
        self.batches.append(len(faces))
        ages = [float(face.bbox[0]) for face in faces]
        if self.broken_at in ages:
            raise ModelError("the engine failed")
        return ages
