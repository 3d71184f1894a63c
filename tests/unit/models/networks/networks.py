"""Networks that see drawn marks: small stand-ins whose answers can be told from the picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.runtime.session import FloatArray

LEFT_EYE, RIGHT_EYE = [33, 133, 160, 158, 144, 153], [362, 263, 385, 387, 380, 373]
MOUTH = [61, 291, 13, 14]


class Constant:
    """Answers every row alike, and remembers what it was given."""

    def __init__(self, **outputs: list[float]) -> None:
        self.outputs = {name: np.array(values, np.float32) for name, values in outputs.items()}
        self.batches: list[FloatArray] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.batches.append(batch)
        return {name: np.repeat(values[None], len(batch), axis=0) for name, values in self.outputs.items()}


class SpotYunet:
    """Is certain of a face around every spot of pure red (BGR 0, 0, 255), given enough room to the border.

    Args:
        room: the least pixels of the canvas between a spot and the border.
    """

    def __init__(self, room: float = 0.0) -> None:
        self.room = room
        self.shapes: list[tuple[int, ...]] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.shapes.append(batch.shape)
        outputs = {}
        height, width = batch.shape[2:]
        for stride in (8, 16, 32):
            cells = height // stride, width // stride
            for name, size in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
                outputs[f"{name}_{stride}"] = np.zeros((len(batch), cells[0] * cells[1], size), np.float32)
        for row, (blue, green, red) in enumerate(batch):
            y, x = np.nonzero((red > 200) & (blue < 60) & (green < 60))
            if len(x) == 0:
                continue
            centre = np.array([x.mean(), y.mean()]) + 0.5
            if min(*centre, width - centre[0], height - centre[1]) < self.room:
                continue
            column, line = (centre // 8).astype(int)
            cell = line * (width // 8) + column
            offset = centre / 8 - (column, line)
            outputs["cls_8"][row, cell] = 0.9025
            outputs["obj_8"][row, cell] = 1.0
            outputs["bbox_8"][row, cell] = [*offset, np.log(4), np.log(5)]  # 32 x 40 pixels of the canvas
            outputs["kps_8"][row, cell] = np.tile(offset, 5)
        return outputs


@dataclass
class UprightYunet:
    """Sees a face where a red spot is above a blue one: surely if they are upright, and less surely if they are not.

    Like the real network, it gives upright points in any case.

    Attributes:
        sure: the confidence in upright faces.
        unsure: the confidence in others; below 0.6 they are not found.
    """

    sure: float = 0.95
    unsure: float = 0.8
    shapes: list[tuple[int, ...]] = field(default_factory=list)

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.shapes.append(batch.shape)
        outputs = dict(BlindYunet().run(batch))
        for row, (blue, green, red) in enumerate(batch):
            eyes, mouth = (
                np.argwhere((one > 150) & (green < 100) & (other < 100))[:, ::-1]
                for one, other in ((red, blue), (blue, red))
            )
            if not len(eyes) or not len(mouth):
                continue
            down = mouth.mean(axis=0) - eyes.mean(axis=0)
            length = float(np.linalg.norm(down))
            centre = (mouth.mean(axis=0) + eyes.mean(axis=0)) / 2 + 0.5
            confidence = self.sure if down[1] > 0.9 * length else self.unsure
            column, line = (centre // 8).astype(int)
            cell, corner = line * (batch.shape[3] // 8) + column, np.array([column, line]) * 8
            points = centre + length * np.array([[-0.4, -0.5], [0.4, -0.5], [0, 0.1], [-0.3, 0.5], [0.3, 0.5]])
            outputs["cls_8"][row, cell] = outputs["obj_8"][row, cell] = confidence
            outputs["bbox_8"][row, cell] = [*(centre - corner) / 8, np.log(length / 4), np.log(length / 4)]
            outputs["kps_8"][row, cell] = ((points - corner) / 8).reshape(-1)
        return outputs


class BlindYunet(SpotYunet):
    """Sees no face anywhere."""

    def __init__(self) -> None:
        super().__init__(room=float("inf"))


class MarkedMesh:
    """Sees blue and green eyes and a red mouth; without one of them, all points in the middle."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.rows.append(len(batch))
        mesh = np.full((len(batch), 468, 3), 96, np.float32)
        for row, crop in enumerate(batch):
            for channel, vertices in ((2, LEFT_EYE), (1, RIGHT_EYE), (0, MOUTH)):
                others = [other for other in range(3) if other != channel]
                y, x = np.nonzero((crop[..., channel] > 0.6) & (crop[..., others].max(axis=-1) < 0.4))
                if len(x):
                    mesh[row, vertices, :2] = x.mean() + 0.5, y.mean() + 0.5
            mesh[row, 152, :2] = (
                mesh[row, MOUTH[0], :2] * 1.4 - mesh[row, [*LEFT_EYE, *RIGHT_EYE], :2].mean(axis=0) * 0.4
            )
        return {"mesh": mesh.reshape(len(batch), -1), "face_flag": np.ones((len(batch), 1), np.float32)}


def marked_face(eyes_and_mouth: Points, shape: tuple[int, int] = (300, 400), radius: float = 6.0) -> Image:
    """A picture with a blue and a green eye and a red mouth at (3, 2) points."""
    image = np.full((*shape, 3), 128, np.uint8)
    centres = np.stack(np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5), axis=-1)
    for point, colour in zip(eyes_and_mouth, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        image[np.linalg.norm(centres - point, axis=-1) < radius] = colour
    return image
