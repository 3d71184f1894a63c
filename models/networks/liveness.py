"""Liveness: whether a face is there in person, or is a picture of a face, printed or on a screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from models.errors import WeightsMissing
from models.imaging.decode import Image
from models.imaging.geometry import Box
from models.imaging.quarters import Quarter
from models.networks.anti_spoofing import FaceAntiSpoofing
from models.networks.minifasnet import MiniFasNetPair
from models.output import Output
from models.runtime.session import SessionSource


@dataclass(frozen=True, slots=True)
class Liveness:
    """Whether a face is there in person.

    `docs/models/liveness.md` says how reliable this is.

    Attributes:
        confidence: that it is real, in [0, 1]; near one half the network is not sure. Exactly 0.49, and therefore
            "fake", where a face is too soft to be classified.
        value: "real" from a confidence of one half on.
    """

    confidence: float
    value: Literal["real", "fake"]


LIVENESS = Output("liveness", Liveness)
UNDECIDED = Liveness(0.49, "fake")


class LivenessNetwork(Protocol):
    """One of the networks that estimate liveness."""

    def estimate(
        self, images: Sequence[Image], boxes: Sequence[Box], quarters: Sequence[Quarter]
    ) -> list[float | None]:
        """How surely each face is real, in [0, 1]; at least one half means "real", None that it cannot be estimated.

        Args:
            images: the image of each face.
            boxes: its box.
            quarters: the quarter turn by which it is rotated.

        Raises:
            ModelError: the engine failed.
        """
        ...


class LivenessClassifier:
    """Classifies faces with the best networks that are installed.

    Attributes:
        models: the networks that it uses by default.
        preferred_models: the networks that it uses instead where all of them are installed.
    """

    models = FaceAntiSpoofing.models
    preferred_models = MiniFasNetPair.models

    def __init__(self, sessions: SessionSource) -> None:
        self._network = _best_network(sessions)

    def classify(self, images: Sequence[Image], boxes: Sequence[Box], quarters: Sequence[Quarter]) -> list[Liveness]:
        """Classify each face.

        Args:
            images: the image of each face.
            boxes: its box.
            quarters: the quarter turn by which it is rotated.

        Raises:
            ModelError: the engine failed.
        """
        return [
            UNDECIDED if answer is None else Liveness(answer, "real" if answer >= 0.5 else "fake")
            for answer in self._network.estimate(images, boxes, quarters)
        ]


def _best_network(sessions: SessionSource) -> LivenessNetwork:
    try:
        return MiniFasNetPair(sessions)
    except WeightsMissing:
        return FaceAntiSpoofing(sessions)
