import numpy as np
import pytest

from bench.accuracy.box_matching import Target, match_boxes, overlap
from bench.accuracy.tasks.detection import same_face
from models.imaging.geometry import Box
from models.service import Found


def box(x: float, y: float, side: float) -> Box:
    return np.array([x, y, x + side, y + side])


def agree(found: Box, labelled: Box) -> bool:
    return overlap(found, labelled) >= 0.5


def width(found: Box) -> float:
    return float(found[2] - found[0])


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(box(0, 0, 10), box(0, 0, 10)) == 1
    assert overlap(box(0, 0, 10), box(5, 0, 10)) == pytest.approx(50 / 150)
    assert overlap(box(0, 0, 10), box(20, 20, 10)) == 0


def test_a_second_box_on_the_same_target_is_wrong() -> None:
    targets = [Target(box(0, 0, 40), 40), Target(box(100, 0, 40), 40)]
    found = [Found(box(2, 0, 40), 0.7), Found(box(0, 0, 40), 0.9), Found(box(300, 0, 40), 0.8)]
    assert match_boxes(found, targets, agree, width, 32) == [(0.9, True), (0.8, False), (0.7, False)]


def test_targets_and_boxes_below_the_minimum_do_not_count() -> None:
    targets = [Target(box(0, 0, 20), 20)]
    found = [Found(box(0, 0, 20), 0.9), Found(box(300, 0, 20), 0.8)]
    assert match_boxes(found, targets, agree, width, 32) == []


def test_a_centre_inside_the_label_is_the_same_face_if_the_areas_are_similar() -> None:
    labelled = box(0, 0, 40)
    assert same_face(box(10, 10, 22), labelled)
    assert not same_face(box(15, 15, 10), labelled)
    assert not same_face(box(45, 0, 40), labelled)
