"""Errors of yaw, roll and pitch."""

from dataclasses import astuple

import numpy as np

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from bench.accuracy.predictor import Predictor
from models.imaging.geometry import angle
from models.output import Pose

FOLDER = "landmarks_pose"
_ANGLES = ("yaw", "roll", "pitch")


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures mean absolute errors on photos with labelled angles, and on portraits.

    Portraits have no labelled angles: their heads are assumed to face the camera.
    """
    labels = [label for label in kit.labels(FOLDER) if label.known("yaw_deg")]
    portraits = [label for label in kit.portraits() if label.known("eye1_x")]
    return [
        *_errors(predictor, labels, [_labelled(label) for label in labels], f"{sources(labels)}; a smoke test"),
        *_errors(
            predictor,
            portraits,
            [_facing(label) for label in portraits],
            "portraits; yaw and pitch taken to be 0, roll that of the pupils",
        ),
    ]


def _errors(predictor: Predictor, labels: list[Label], true: list[Pose], note: str) -> list[Figure]:
    faces = predictor.main_faces(photos(labels))
    seen = [
        (face.pose, pose) for face, pose in zip(faces, true, strict=True) if face is not None and face.pose is not None
    ]
    off = np.array([np.subtract(astuple(found), astuple(pose)) for found, pose in seen]).reshape(-1, len(_ANGLES))
    lost = len(faces) - len(seen)
    return [
        Figure.error(f"{name}, mean absolute error", off[:, column], lost, note, "°")
        for column, name in enumerate(_ANGLES)
    ]


def _labelled(label: Label) -> Pose:
    """The labelled pose. A kit gives yaw to the viewer's left, like AFLW2000-3D; Faceline has the opposite sign."""
    return Pose(-label.number("yaw_deg"), label.number("roll_deg"), label.number("pitch_deg"))


def _facing(label: Label) -> Pose:
    """The pose of a head that faces the camera, with the roll of the line between its pupils."""
    left, right = label.points("eye1", "eye2")
    return Pose(0, float(np.degrees(angle(left, right))), 0)
