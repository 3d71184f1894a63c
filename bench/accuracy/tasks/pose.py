"""Yaw, pitch and roll."""

from dataclasses import astuple

import numpy as np

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from models.field import Field
from models.imaging.geometry import angle
from models.networks.head_pose import Pose

TASK = "landmarks_pose"
_ANGLES = ("yaw", "roll", "pitch")


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Mean absolute errors on photos with known angles, and on portraits, whose heads are taken to face the camera."""
    labels = [label for label in kit.labels(TASK) if label.known("yaw_deg")]
    portraits = [label for label in kit.portraits() if label.known("eye1_x")]
    return [
        *_errors(examiner, labels, [_labelled(label) for label in labels], f"{sources(labels)}; a smoke test"),
        *_errors(
            examiner,
            portraits,
            [_facing(label) for label in portraits],
            "portraits; yaw and pitch taken to be 0, roll that of the pupils",
        ),
    ]


def _errors(examiner: Examiner, labels: list[Label], true: list[Pose], note: str) -> list[Figure]:
    faces = examiner.subjects(photos(labels))
    seen = [(face.values[Field.POSE], pose) for face, pose in zip(faces, true, strict=True) if face is not None]
    off = np.array([np.subtract(astuple(found), astuple(pose)) for found, pose in seen]).reshape(-1, len(_ANGLES))
    lost = len(faces) - len(seen)
    return [
        Figure.error(f"{name}, mean absolute error", off[:, column], lost, note, "°")
        for column, name in enumerate(_ANGLES)
    ]


def _labelled(label: Label) -> Pose:
    """A kit counts yaw to the viewer's left, as AFLW2000-3D does."""
    return Pose(-label.number("yaw_deg"), label.number("roll_deg"), label.number("pitch_deg"))


def _facing(label: Label) -> Pose:
    left, right = label.points("eye1", "eye2")
    return Pose(0, float(np.degrees(angle(left, right))), 0)
