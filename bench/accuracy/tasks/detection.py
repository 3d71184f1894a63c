"""Faces in whole photos: how many are found, and what is taken for one."""

import numpy as np

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.box_matching import Target, judged, overlap
from bench.accuracy.statistics import Curve
from models.imaging.geometry import Box

TASK = "face_detection"
_SIZES = (32, 20)
_OVERLAP = 0.4
_ODDS_OF_AREAS = 4


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Recall, precision, average precision, noses inside boxes, and alarms on photos without a face."""
    labels = kit.labels(TASK)
    found = dict(zip(photos(labels), examiner.detected(photos(labels)), strict=True))
    boxes, noses = kit.labels(TASK, "boxes.csv"), kit.labels(TASK, "noses.csv")
    targets: dict[object, list[Target]] = {label.photo(): [] for label in boxes}
    for label in boxes:
        targets[label.photo()].append(Target(label.box(), label.number("face_px")))
    answers = "of the boxes that the service answers with"
    figures = []
    for least in _SIZES:
        scored = [
            verdict
            for photo, faces in found.items()
            if photo in targets
            for verdict in judged(faces, targets[photo], same_face, _longer_side, least)
        ]
        count = sum(target.size >= least for group in targets.values() for target in group)
        curve = Curve.of(scored, count)
        recall, precision = curve.final
        missed = count - round(recall * count)
        note = f"{sources(boxes)}; labelled faces of {least} px and more, most of them masked or in groups"
        figures += [
            Figure(f"recall, ≥ {least} px", recall, count, missed, note),
            Figure(f"precision, ≥ {least} px", precision, len(scored), 0, f"{answers}; some small faces have no label"),
            Figure(f"average precision, ≥ {least} px", curve.average_precision(), count, missed, answers),
        ]
    hits = [any(_inside(label.points("nose")[0], face.bbox) for face in found[label.photo()]) for label in noses]
    figures.append(Figure.share("noses inside a box", hits, hits.count(False), "tips of noses labelled, no boxes"))
    empty = [label for label in labels if label["label"] == "no_face"]
    alarms = [bool(found[photo]) for photo in photos(empty)]
    figures.append(Figure.share("false alarms on empty photos", alarms, 0, f"{sources(empty)}; photos, not faces"))
    return figures


def same_face(found: Box, labelled: Box) -> bool:
    """Whether two boxes are of one face: labels disagree on where a face ends, so a centre inside is enough."""
    if overlap(found, labelled) >= _OVERLAP:
        return True
    areas = [float(np.prod(box[2:] - box[:2])) for box in (found, labelled)]
    return _inside((found[:2] + found[2:]) / 2, labelled) and max(areas) < _ODDS_OF_AREAS * min(areas)


def _inside(point: Box, box: Box) -> bool:
    return bool((box[:2] < point).all() and (point < box[2:]).all())


def _longer_side(box: Box) -> float:
    return float((box[2:] - box[:2]).max())
