"""Service `emotion-estimator`: the emotion that each face shows."""

from collections.abc import Sequence

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.networks.emotions import EMOTIONS, EmotionClassifier, Emotions
from models.runtime.session import SessionSource
from models.services.face_attribute import FaceAttributeEstimator


class EmotionEstimator(FaceAttributeEstimator[Emotions]):
    """Estimates how likely each of seven expressions is on each face."""

    name = "emotion-estimator"
    output = EMOTIONS
    weights = (*FaceAttributeEstimator.fitting_models, EmotionClassifier.model)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        super().__init__(sessions, options)
        self._classifier = EmotionClassifier(sessions(EmotionClassifier.model))

    def _estimate(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Emotions]:
        return self._classifier.classify(images, landmarks)
