"""Pictures with edges, networks that know where faces are or say what they see, and sources that lack networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from models.errors import WeightsMissing
from models.imaging.decode import Image
from models.imaging.geometry import Box, Points
from models.runtime.session import FloatArray, Session, SessionSource

SIDE = 640
"""Of a picture that the detector sees as it is."""


FIVE_ON_CROP: Points = np.array([[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]])
"""Where the network for templates wants the eyes, the nose and the corners of the mouth, on its 112 pixels."""


def drawn(box: Box, blur: float = 0.0) -> Image:
    """A picture (640, 640, 3) with a crisp pattern in the middle of a box, and nothing else."""
    image = np.full((SIDE, SIDE, 3), 90, np.uint8)
    centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    (left, top), (right, bottom) = (centre - size / 4).astype(int), (centre + size / 4).astype(int)
    image[top:bottom, left:right] = 160
    image[int(centre[1]) : bottom, left : int(centre[0])] = 230
    image[top : int(centre[1]), int(centre[0]) : right] = 20
    return np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.uint8) if blur else image


@dataclass
class ListedYunet:
    """Finds the faces of its list in every picture of 640 x 640 that is not black.

    Attributes:
        boxes: x1, y1, x2, y2 of each face.
        confidences: of each face, all above 0.6.
    """

    boxes: list[tuple[float, float, float, float]]
    confidences: list[float] = field(default_factory=list)

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        outputs = {}
        height, width = batch.shape[2:]
        for stride in (8, 16, 32):
            cells = (height // stride) * (width // stride)
            for name, size in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
                outputs[f"{name}_{stride}"] = np.zeros((len(batch), cells, size), np.float32)
        confidences = self.confidences or [0.9] * len(self.boxes)
        seen = batch.max(axis=(1, 2, 3)) > 0 if (height, width) == (SIDE, SIDE) else np.zeros(len(batch))
        for row in np.flatnonzero(seen):
            for box, confidence in zip(np.array(self.boxes).reshape(-1, 4), confidences, strict=True):
                centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
                column, line = (centre // 8).astype(int)
                cell, corner = line * (width // 8) + column, np.array([column, line]) * 8
                outputs["cls_8"][row, cell] = outputs["obj_8"][row, cell] = confidence
                outputs["bbox_8"][row, cell] = [*(centre - corner) / 8, *np.log(size / 8)]
                points = centre + size * [[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [-0.15, 0.25], [0.15, 0.25]]
                outputs["kps_8"][row, cell] = ((points - corner) / 8).reshape(-1)
        return outputs


class MeanColours:
    """Embeds a crop as the mean colours of its quarters."""

    def __init__(self) -> None:
        self.batches: list[FloatArray] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.batches.append(batch)
        embedding = np.zeros((len(batch), 128), np.float32)
        quarters = batch.reshape(len(batch), 3, 2, 56, 2, 56).mean(axis=(3, 5))
        embedding[:, :12] = quarters.reshape(len(batch), 12) + 1
        return {"embedding": embedding}


def sources(**networks: Session) -> SessionSource:
    """Gives the networks by name, `_` for `-`; the others are not installed."""

    def source(name: str) -> Session:
        try:
            return networks[name.replace("-", "_")]
        except KeyError as error:
            raise WeightsMissing(f"no weights of {name}") from error

    return source
