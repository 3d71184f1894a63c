"""Recall, precision and false alarms of the face detector in whole photos."""

import numpy as np

from bench.accuracy.box_matching import Target, match_boxes, overlap
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import Curve
from models.imaging.geometry import Box

FOLDER = "face_detection"
_SIZES_PX = (32, 20)
_MIN_OVERLAP = 0.4
_MAX_AREA_RATIO = 4


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures recall, precision, average precision, noses inside boxes, and false alarms.

    A false alarm is a photo without a face in which the service finds one.
    """
    labels = kit.labels(FOLDER)
    found = dict(zip(photos(labels), predictor.detect(photos(labels)), strict=True))
    boxes, noses = kit.labels(FOLDER, "boxes.csv"), kit.labels(FOLDER, "noses.csv")
    targets: dict[object, list[Target]] = {label.photo(): [] for label in boxes}
    for label in boxes:
        targets[label.photo()].append(Target(label.box(), label.number("face_px")))
    answers = "of the boxes that the service answers with"
    figures = []
    for min_px in _SIZES_PX:
        scored = [
            verdict
            for photo, faces in found.items()
            if photo in targets
            for verdict in match_boxes(faces, targets[photo], same_face, _longer_side, min_px)
        ]
        count = sum(target.size_px >= min_px for group in targets.values() for target in group)
        curve = Curve.of(scored, count)
        recall, precision = curve.final
        missed = count - round(recall * count)
        note = f"{sources(boxes)}; labelled faces of {min_px} px and more, most of them masked or in groups"
        figures += [
            Figure(f"recall, ≥ {min_px} px", recall, count, missed, note),
            Figure(
                f"precision, ≥ {min_px} px", precision, len(scored), 0, f"{answers}; some small faces have no label"
            ),
            Figure(f"average precision, ≥ {min_px} px", curve.average_precision(), count, missed, answers),
        ]
    hits = [any(_inside(label.points("nose")[0], face.bbox) for face in found[label.photo()]) for label in noses]
    figures.append(Figure.share("noses inside a box", hits, hits.count(False), "tips of noses labelled, no boxes"))
    empty = [label for label in labels if label["label"] == "no_face"]
    alarms = [bool(found[photo]) for photo in photos(empty)]
    figures.append(Figure.share("false alarms on empty photos", alarms, 0, f"{sources(empty)}; photos, not faces"))
    return figures


def same_face(found: Box, labelled: Box) -> bool:
    """Whether two boxes show the same face.

    Data sets disagree on the outline of a face. So boxes of similar area also agree if the centre of the found one is
    inside the labelled one.
    """
    if overlap(found, labelled) >= _MIN_OVERLAP:
        return True
    areas = [float(np.prod(box[2:] - box[:2])) for box in (found, labelled)]
    return _inside((found[:2] + found[2:]) / 2, labelled) and max(areas) < _MAX_AREA_RATIO * min(areas)


def _inside(point: Box, box: Box) -> bool:
    return bool((box[:2] < point).all() and (point < box[2:]).all())


def _longer_side(box: Box) -> float:
    return float((box[2:] - box[:2]).max())
