"""Recall, precision and false alarms of body-detector in whole photos."""

from dataclasses import replace

import numpy as np

from bench.accuracy.box_matching import Target, match_boxes, overlap
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.precision import LEAST_PRECISION, Scored
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import Curve
from models.imaging.geometry import Box
from models.services.body_detector import BodyDetector

FOLDER = "body"
_MIN_HEIGHT_PX = 64
_MIN_OVERLAP = 0.5


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures recall at a precision of 0.9, recall and precision of all answers, average precision, and false alarms.

    A false alarm is a photo without people in which the service finds a body.
    """
    labels = kit.labels(FOLDER)
    photos_scored = scored_photos(kit, predictor)
    scored = [box for photo in photos_scored for box in photo.boxes]
    peopled = {box.photo() for box in kit.labels(FOLDER, "boxes.csv")}
    found = dict(zip(photos(labels), predictor.detect(photos(labels), BodyDetector), strict=True))
    alarms = [bool(found[photo]) for photo in photos(labels) if photo not in peopled]
    count = sum(photo.targets for photo in photos_scored)
    curve = Curve.of(scored, count)
    recall, precision = curve.final
    missed = count - round(recall * count)
    note = f"{sources(labels)}; people of {_MIN_HEIGHT_PX} px and more"
    answers = "of the boxes that the service answers with"
    return [
        Figure(
            f"recall at precision {LEAST_PRECISION}", curve.recall_at_precision(LEAST_PRECISION), count, missed, note
        ),
        Figure("recall", recall, count, missed, note),
        Figure("precision", precision, len(scored), 0, answers),
        Figure("average precision", curve.average_precision(), count, missed, answers),
        Figure.share("false alarms on empty photos", alarms, 0, "photos, not bodies"),
    ]


def scored_photos(kit: Kit, predictor: Predictor, detector: type[BodyDetector] = BodyDetector) -> list[Scored]:
    """The boxes that a detector finds in each photo of the task, of 64 px and more.

    Raises:
        InvalidKit: the kit lacks a file or a column, or a photo cannot be read.
        ModelError: a model is missing, or the engine failed.
    """
    labels = kit.labels(FOLDER)
    targets: dict[object, list[Target]] = {photo: [] for photo in photos(labels)}
    for box in kit.labels(FOLDER, "boxes.csv"):
        targets[box.photo()].append(Target(box.box(), box.number("height_px")))
    scored = []
    for label, found in zip(labels, predictor.detect(photos(labels), detector), strict=True):
        limit = np.tile([label.number("width"), label.number("height")], 2)
        inside = [replace(each, bbox=each.bbox.clip(0, limit)) for each in found]
        present = targets[label.photo()]
        boxes = match_boxes(inside, present, _same_body, _height, _MIN_HEIGHT_PX)
        scored.append(Scored(boxes, sum(target.size_px >= _MIN_HEIGHT_PX for target in present)))
    return scored


def _same_body(found: Box, labelled: Box) -> bool:
    return overlap(found, labelled) >= _MIN_OVERLAP


def _height(box: Box) -> float:
    return float(box[3] - box[1])
