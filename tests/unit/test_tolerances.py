"""That the helper lets pass what processors round otherwise, and nothing else."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from models.networks.template import DIMENSION, encode
from models.output import Pose
from pipelines.encoding import encode_base64
from tests.tolerances import assert_alike, assert_outputs_alike


def template(turn: float) -> str:
    embedding = np.zeros(DIMENSION, np.float32)
    embedding[:2] = np.cos(turn), np.sin(turn)
    return encode_base64(encode(embedding))


SAMPLE: dict[str, Any] = {
    "_image": {"blob": "abcd", "format": "IMAGE"},
    "objects": [
        {
            "id": 0,
            "confidence": 0.9,
            "bbox": [0.1, 0.2, 0.3, 0.4],
            "pose": {"yaw": 1.0, "roll": 2.0, "pitch": 3.0},
            "keypoints": {"left_eye": {"proj": [0.2, 0.3]}, "fitter_type": "fda"},
            "fitter": {"keypoints": [100.0, 200.0, 0], "left_eye": [100.0, 200.0]},
            "age": 31,
            "gender": "female",
            "emotions": [{"confidence": 0.7, "emotion": "happy"}],
            "quality": {"total_score": 0.9, "is_sharp": True, "max_rotation_deviation": -8},
            "liveness": {"value": "real", "confidence": 0.99},
            "template": {"_face_template": {"blob": template(0.0), "shape": [296]}},
            "$template": template(0.0),
        }
    ],
}
FACE = ("objects", 0)


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    sample = deepcopy(SAMPLE)
    inner: Any = sample
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return sample


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("confidence",), 0.901),
        (("bbox", 2), 0.3004),
        (("pose", "roll"), 2.2),
        (("keypoints", "left_eye", "proj", 1), 0.3004),
        (("fitter", "keypoints", 1), 200.2),
        (("age",), 32),
        (("emotions", 0, "confidence"), 0.71),
        (("quality", "total_score"), 0.92),
        (("quality", "max_rotation_deviation"), -7),
        (("template", "_face_template", "blob"), template(0.02)),
        (("$template",), template(0.02)),
    ],
)
def test_what_is_rounded_otherwise_passes(path: tuple[Any, ...], value: Any) -> None:
    assert_alike(changed(FACE + path, value), SAMPLE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("confidence",), 0.93),
        (("confidence",), None),
        (("bbox", 2), 0.302),
        (("bbox",), [0.1, 0.2, 0.3]),
        (("pose", "roll"), 3.0),
        (("keypoints", "left_eye", "proj", 1), 0.302),
        (("keypoints", "fitter_type"), "fdb"),
        (("fitter", "keypoints", 1), 201.0),
        (("id",), 1),
        (("age",), 33),
        (("age",), "31"),
        (("gender",), "male"),
        (("emotions", 0, "emotion"), "sad"),
        (("quality", "total_score"), 0.95),
        (("quality", "is_sharp"), False),
        (("liveness", "value"), "fake"),
        (("template", "_face_template", "blob"), template(0.1)),
        (("template", "_face_template", "shape"), [297]),
        (("$template",), template(0.1)),
        (("more",), 1),
    ],
)
def test_what_is_not_the_same_does_not(path: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(AssertionError):
        assert_alike(changed(FACE + path, value), SAMPLE)


def test_an_image_is_compared_to_the_letter() -> None:
    with pytest.raises(AssertionError):
        assert_alike(changed(("_image", "blob"), "abce"), SAMPLE)


def test_columns_of_tables_are_known_by_their_names() -> None:
    row = {"image": "a.jpg", "bbox_x1": 0.5, "point_nose_x": 0.5, "yaw": 1.0, "age": 40, "emotion_happy": 0.5}
    near = {"image": "a.jpg", "bbox_x1": 0.5004, "point_nose_x": 0.4996, "yaw": 1.1, "age": 39, "emotion_happy": 0.51}
    assert_alike([near], [row])
    for column, far in {"image": "b.jpg", "bbox_x1": 0.51, "point_nose_x": 0.49, "age": 42}.items():
        with pytest.raises(AssertionError):
            assert_alike([near | {column: far}], [row])


def test_results_of_services_are_compared_by_their_fields() -> None:
    assert_alike(Pose(1.0, 2.0, 3.0), Pose(1.1, 2.1, 2.9))
    with pytest.raises(AssertionError):
        assert_alike(Pose(1.0, 2.0, 3.0), Pose(2.0, 2.0, 3.0))


def test_outputs_of_networks_are_near_by_the_largest_of_them() -> None:
    assert_outputs_alike([0.0005, 0.9996], [0.0, 1.0])
    with pytest.raises(AssertionError):
        assert_outputs_alike([0.002, 1.0], [0.0, 1.0])
