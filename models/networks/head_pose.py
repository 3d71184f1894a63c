"""Head pose: yaw, pitch and roll from a crop of the face."""

from collections.abc import Sequence
from math import asin, atan2, cos, degrees, radians, sin

import numpy as np
from numpy.typing import NDArray

from models.imaging.crops import cut
from models.imaging.decode import Image
from models.imaging.geometry import Region
from models.imaging.preprocessing import rgb_planes
from models.networks.face_mesh import Mesh
from models.output import Pose
from models.runtime.session import FloatArray, Session, infer

_SIZE = 224
_MARGIN = 1.5
# Mean and deviation of ImageNet, RGB, on the scale of [0, 255].
_MEAN = np.array([123.675, 116.28, 103.53], np.float32).reshape(3, 1, 1)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32).reshape(3, 1, 1)
_BINS = np.arange(66) * 3.0 - 99
# What the network adds by itself, in its own signs: measured as half the difference between photos and their mirror
# images (yaw, roll), and on frontal portraits (pitch).
_BIAS = {"yaw": -1.5, "pitch": -4.0, "roll": -1.7}


class HeadPose:
    """Reads the angles off bins (Ruiz, Chong, Rehg: "Fine-grained head pose estimation without keypoints", 2018).

    The network fails on heads that lean, so its crop has the eyes level; the turn of the crop is then composed with the
    rotation that the network saw.
    """

    model = "fr-pose"

    def __init__(self, session: Session) -> None:
        self._session = session

    def estimate(self, images: Sequence[Image], meshes: Sequence[Mesh]) -> list[Pose]:
        """Estimate the pose of each face.

        Args:
            images: the image of each face.
            meshes: its mesh.

        Raises:
            ModelError: the engine failed.
        """
        regions = (Region.around(mesh.points[:, :2], mesh.turn).grown(_MARGIN) for mesh in meshes)
        crops = (cut(image, region, _SIZE) for image, region in zip(images, regions, strict=True))
        outputs = infer(self._session, crops, _normalised)
        poses = []
        for row, mesh in enumerate(meshes):
            yaw, pitch, roll = (_expectation(outputs[name][row]) - bias for name, bias in _BIAS.items())
            poses.append(_composed(radians(yaw), radians(pitch), radians(roll), mesh.turn))
        return poses


def _normalised(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, 3, h, w) float32 RGB with the mean and deviation of ImageNet."""
    return (rgb_planes(images) - _MEAN) / _DEVIATION


def _expectation(logits: FloatArray) -> float:
    """Degrees, as the mean over the bins (66,)."""
    weights = np.exp(logits - logits.max(), dtype=np.float64)
    return float(weights @ _BINS / weights.sum())


def _composed(yaw: float, pitch: float, roll: float, turn: float) -> Pose:
    """The pose of a head seen in a turned crop; all in radians, yaw positive to the viewer's left.

    The order of the rotations is that of the training data (300W-LP): roll, then yaw, then pitch.
    """
    seen = _about(0, -pitch) @ _about(1, yaw) @ _about(2, roll)
    rotation = _about(2, turn) @ seen
    return Pose(
        yaw=-degrees(asin(rotation[0, 2])),
        roll=degrees(atan2(-rotation[0, 1], rotation[0, 0])),
        pitch=degrees(atan2(rotation[1, 2], rotation[2, 2])),
    )


def _about(axis: int, angle: float) -> NDArray[np.float64]:
    """(3, 3): the rotation about an axis of x (right), y (down), z (away from the viewer)."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[[first, second], [first, second]] = cos(angle)
    rotation[first, second], rotation[second, first] = -sin(angle), sin(angle)
    return rotation
