import numpy as np

from cli.drawing import describe, draw_sample

FACE = {
    "id": 0,
    "bbox": [0.25, 0.25, 0.5, 0.75],
    "keypoints": {"nose": {"proj": [0.4, 0.5]}, "fitter_type": "fda"},
    "pose": {"yaw": -1.6, "pitch": 2, "roll": 0.2},
    "age": 31,
    "gender": "female",
    "emotions": [{"emotion": "sad", "confidence": 0.2}, {"emotion": "happy", "confidence": 0.8}],
}


def test_attributes_are_described_in_three_lines() -> None:
    assert describe(FACE) == ["female, 31", "happy 80%", "yaw -2  pitch +2  roll +0"]


def test_what_a_face_lacks_is_not_described() -> None:
    assert describe({"id": 0}) == []


def test_box_and_points_are_drawn_where_they_are_and_the_photo_is_left_alone() -> None:
    photo = np.zeros((400, 800, 3), np.uint8)
    drawn = draw_sample(photo, {"objects": [FACE]})
    assert photo.max() == 0
    assert drawn[100, 200].any()  # a corner of the box
    assert drawn[200, 320].any()  # the nose
    assert not drawn[:90].any()


def test_a_face_at_the_edge_keeps_its_text_inside() -> None:
    photo = np.zeros((100, 300, 3), np.uint8)
    face = {**FACE, "bbox": [0.9, 0.5, 1.0, 1.0], "keypoints": {}}
    drawn = draw_sample(photo, {"objects": [face]})
    assert drawn[60:, :270].any()
