"""People in whole photos: how many are found, and what is taken for one."""

from dataclasses import replace

import numpy as np

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.box_matching import Target, judged, overlap
from bench.accuracy.statistics import Curve
from models.imaging.geometry import Box
from models.services.body_detector import BodyDetector

TASK = "body"
_LEAST_HEIGHT = 64
_OVERLAP = 0.5
_PRECISION = 0.9


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Recall at a precision of 0.9 and as it answers, average precision, and alarms on photos without people."""
    labels = kit.labels(TASK)
    boxes = kit.labels(TASK, "boxes.csv")
    targets: dict[object, list[Target]] = {photo: [] for photo in photos(labels)}
    for box in boxes:
        targets[box.photo()].append(Target(box.box(), box.number("height_px")))
    scored, alarms = [], []
    for label, found in zip(labels, examiner.detected(photos(labels), BodyDetector), strict=True):
        limit = np.tile([label.number("width"), label.number("height")], 2)
        inside = [replace(body, bbox=body.bbox.clip(0, limit)) for body in found]
        scored += judged(inside, targets[label.photo()], _same_body, _height, _LEAST_HEIGHT)
        if not targets[label.photo()]:
            alarms.append(bool(found))
    count = sum(target.size >= _LEAST_HEIGHT for group in targets.values() for target in group)
    curve = Curve.of(scored, count)
    recall, precision = curve.final
    missed = count - round(recall * count)
    note = f"{sources(labels)}; people of {_LEAST_HEIGHT} px and more"
    answers = "of the boxes that the service answers with"
    return [
        Figure(f"recall at precision {_PRECISION}", curve.recall_at_precision(_PRECISION), count, missed, note),
        Figure("recall", recall, count, missed, note),
        Figure("precision", precision, len(scored), 0, answers),
        Figure(
            "average precision",
            curve.average_precision(),
            count,
            missed,
            answers,
        ),
        Figure.share("false alarms on empty photos", alarms, 0, "photos, not bodies"),
    ]


def _same_body(found: Box, labelled: Box) -> bool:
    return overlap(found, labelled) >= _OVERLAP


def _height(box: Box) -> float:
    return float(box[3] - box[1])
