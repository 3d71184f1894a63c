"""Recall, precision and false alarms of body-detector in whole photos."""

from dataclasses import replace

import numpy as np

from bench.accuracy.box_matching import Target, match_boxes, overlap
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import Curve
from models.imaging.geometry import Box
from models.services.body_detector import BodyDetector

FOLDER = "body"
_MIN_HEIGHT_PX = 64
_MIN_OVERLAP = 0.5
_PRECISION = 0.9


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures recall at a precision of 0.9, recall and precision of all answers, average precision, and false alarms.

    A false alarm is a photo without people in which the service finds a body.
    """
    labels = kit.labels(FOLDER)
    boxes = kit.labels(FOLDER, "boxes.csv")
    targets: dict[object, list[Target]] = {photo: [] for photo in photos(labels)}
    for box in boxes:
        targets[box.photo()].append(Target(box.box(), box.number("height_px")))
    scored, alarms = [], []
    for label, found in zip(labels, predictor.detect(photos(labels), BodyDetector), strict=True):
        limit = np.tile([label.number("width"), label.number("height")], 2)
        inside = [replace(body, bbox=body.bbox.clip(0, limit)) for body in found]
        scored += match_boxes(inside, targets[label.photo()], _same_body, _height, _MIN_HEIGHT_PX)
        if not targets[label.photo()]:
            alarms.append(bool(found))
    count = sum(target.size_px >= _MIN_HEIGHT_PX for group in targets.values() for target in group)
    curve = Curve.of(scored, count)
    recall, precision = curve.final
    missed = count - round(recall * count)
    note = f"{sources(labels)}; people of {_MIN_HEIGHT_PX} px and more"
    answers = "of the boxes that the service answers with"
    return [
        Figure(f"recall at precision {_PRECISION}", curve.recall_at_precision(_PRECISION), count, missed, note),
        Figure("recall", recall, count, missed, note),
        Figure("precision", precision, len(scored), 0, answers),
        Figure("average precision", curve.average_precision(), count, missed, answers),
        Figure.share("false alarms on empty photos", alarms, 0, "photos, not bodies"),
    ]


def _same_body(found: Box, labelled: Box) -> bool:
    return overlap(found, labelled) >= _MIN_OVERLAP


def _height(box: Box) -> float:
    return float(box[3] - box[1])
