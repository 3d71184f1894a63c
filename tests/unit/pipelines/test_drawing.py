from dataclasses import replace

import numpy as np
import pytest

from models.networks.emotions import EMOTIONS, Emotions
from models.output import Pose
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import Gender, GenderEstimator
from pipelines.drawing import LAYERS, LONGEST, SHORTEST, Layer, describe, draw_sample, head_axes
from pipelines.sample import Sample, SampleObject

POSE = Pose(yaw=-1.6, pitch=2, roll=0.2)


def face(**values: object) -> SampleObject:
    made = SampleObject(bbox=(0.25, 0.25, 0.5, 0.75), landmarks=[(0.4, 0.5)] * 21, pose=POSE)
    AgeEstimator.output.put(made, 31.2)
    GenderEstimator.output.put(made, Gender("female"))
    EMOTIONS.put(made, Emotions(0.0, 0.0, 0.0, 0.8, 0.0, 0.2, 0.0))
    return made.model_copy(update=values)


def drawn(photo: np.ndarray, *layers: Layer, **values: object) -> np.ndarray:
    return draw_sample(photo, Sample(objects=[face(**values)]), layers or LAYERS)


def black(height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def test_attributes_are_described_in_three_lines() -> None:
    assert describe(face()) == ["female, 31", "happy 80%", "yaw -2  pitch +2  roll +0"]


def test_what_an_object_lacks_is_not_described() -> None:
    assert describe(SampleObject()) == []
    assert describe(SampleObject(object_class="body", confidence=0.93)) == ["body 93%"]


def test_box_and_points_are_drawn_where_they_are_and_the_photo_is_left_alone() -> None:
    photo = black(400, 800)
    picture = drawn(photo)
    assert photo.max() == 0
    assert picture[100, 200].any()  # a corner of the box
    assert picture[200, 320].any()  # the points
    assert not picture[:90].any()


def test_a_layer_is_drawn_if_it_is_asked_for() -> None:
    photo = black(400, 800)
    alone = {layer: drawn(photo, layer).any(axis=2) for layer in LAYERS}
    assert all(mask.any() for mask in alone.values())
    assert alone["boxes"][100, 200]
    assert not alone["points"][100, 200]
    assert not draw_sample(photo, Sample(objects=[face()]), ()).any()
    together = drawn(photo).any(axis=2)
    assert together.sum() > max(mask.sum() for mask in alone.values())


def test_a_face_at_the_edge_keeps_its_text_inside() -> None:
    picture = drawn(black(100, 300), "labels", bbox=(0.9, 0.5, 1.0, 1.0))
    assert picture[picture.shape[0] * 6 // 10 :, : picture.shape[1] * 9 // 10].any()


def test_an_object_without_a_box_is_not_drawn() -> None:
    assert not drawn(black(400, 800), bbox=None).any()


@pytest.mark.parametrize(
    ("size", "longer"),
    [((50, 100), SHORTEST), ((700, 900), 900), ((3000, 4000), LONGEST), ((1, 5000), LONGEST)],
)
def test_small_photos_are_enlarged_and_large_ones_reduced(size: tuple[int, int], longer: int) -> None:
    picture = drawn(black(*size))
    assert max(picture.shape[:2]) == longer
    assert picture.shape[0] == max(1, round(size[0] * longer / max(size)))


def test_the_axes_follow_the_signs_of_the_pose() -> None:
    frontal = Pose(yaw=0, roll=0, pitch=0)
    right, chin, nose = head_axes(frontal)
    assert right == pytest.approx([1, 0])
    assert chin == pytest.approx([0, 1])
    assert nose == pytest.approx([0, 0])
    to_the_right = head_axes(replace(frontal, yaw=40))[2]
    up = head_axes(replace(frontal, pitch=40))[2]
    assert to_the_right[0] > 0.5
    assert up[1] < -0.5
    # Clockwise: the right of the head sinks, its chin moves to the left.
    right, chin, _ = head_axes(replace(frontal, roll=30))
    assert right[1] > 0.4
    assert chin[0] < -0.4
