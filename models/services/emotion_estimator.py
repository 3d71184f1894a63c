"""Service `emotion-estimator`: the emotion that each face shows."""

from collections.abc import Sequence

from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.networks.emotions import EMOTIONS, EmotionClassifier, Emotions
from models.networks.face_mesh import FaceMesh
from models.runtime.session import SessionSource
from models.services.face_attribute import FaceAttributeEstimator


class EmotionEstimator(FaceAttributeEstimator[Emotions]):
    """Estimates how likely each of seven expressions is on each face."""

    name = "emotion-estimator"
    output = EMOTIONS
    weights = (FaceMesh.model, EmotionClassifier.model)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource) -> None:
        super().__init__(sessions)
        self._classifier = EmotionClassifier(sessions(EmotionClassifier.model))

    def _judge(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Emotions]:
        return self._classifier.classify(images, landmarks)
