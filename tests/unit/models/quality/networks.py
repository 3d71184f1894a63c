"""The networks of the assessor, with answers that are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.output import Pose
from models.quality.background import SIZE
from models.quality.view import Grey
from models.runtime.session import FloatArray, Session
from models.service import Face
from tests.unit.models.networks.networks import Constant
from tests.unit.models.quality.drawn import POINTS, coloured, drawn_face


class Spread:
    """Takes eyes for the more open, the more their greys spread; looks harder on the left of a crop."""

    def __init__(self) -> None:
        self.batches: list[FloatArray] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.batches.append(batch)
        surplus = batch[..., :12].std(axis=(1, 2, 3)) * 40 + batch[..., 12:].std(axis=(1, 2, 3)) * 10 - 3
        return {"logits": np.stack([np.zeros_like(surplus), surplus], axis=1)}


@dataclass
class Networks:
    """A source of sessions: by default everything is background, eyes are open, and faces bare and neutral."""

    selfie: Constant = field(default_factory=lambda: Constant(alpha=[0.0] * SIZE**2))
    eye: Constant | Spread = field(default_factory=lambda: Constant(logits=[0.0, 30.0]))
    mask: Constant = field(default_factory=lambda: Constant(probabilities=[0.0, 1.0]))
    expression: Constant = field(default_factory=lambda: Constant(expression=[1.0, 0, 0, 0, 0, 0, 0]))
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Session:
        self.asked.append(name)
        sessions = {
            "selfie": self.selfie,
            "fr-eye": self.eye,
            "mask": self.mask,
            "faceapi-expression": self.expression,
            "facemesh": Constant(),
        }
        return sessions[name]


def frontal(grey: Grey | None = None, pose: Pose | None = None) -> Face:
    """The drawn face as a fitted one, in an image of its own."""
    image = coloured(drawn_face() if grey is None else grey)
    return Face(image, np.array([20.0, 10, 172, 186]), POINTS, pose or Pose(0.0, 0.0, 0.0))
