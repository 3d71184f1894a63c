"""Errors of the landmarks, beside 68 points set by hand and the pupils of portraits."""

import numpy as np

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, grouped, photos
from bench.accuracy.predictor import Predictor
from bench.accuracy.tasks.detection import same_face
from models.imaging.geometry import Points
from models.networks.landmarks import LandmarkName, select
from models.service import Found

FOLDER = "landmarks_pose"
_SINGLE, _GROUPS = "points68.json", "dlib_multi_face_points68.json"
_FAR_OFF = 0.1
_EYES = (LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE)
# The points of the Multi-PIE scheme (iBUG 300-W) that each of our landmarks equals; several stand for their mean. The
# scheme has no ears.
_TRUE: dict[LandmarkName, tuple[int, ...]] = {
    LandmarkName.LEFT_EYE_BROW_LEFT: (17,),
    LandmarkName.LEFT_EYE_BROW_UP: (19,),
    LandmarkName.LEFT_EYE_BROW_RIGHT: (21,),
    LandmarkName.RIGHT_EYE_BROW_LEFT: (22,),
    LandmarkName.RIGHT_EYE_BROW_UP: (24,),
    LandmarkName.RIGHT_EYE_BROW_RIGHT: (26,),
    LandmarkName.LEFT_EYE_LEFT: (36,),
    LandmarkName.LEFT_EYE: (36, 37, 38, 39, 40, 41),
    LandmarkName.LEFT_EYE_RIGHT: (39,),
    LandmarkName.RIGHT_EYE_LEFT: (42,),
    LandmarkName.RIGHT_EYE: (42, 43, 44, 45, 46, 47),
    LandmarkName.RIGHT_EYE_RIGHT: (45,),
    LandmarkName.NOSE_LEFT: (31,),
    LandmarkName.NOSE: (30,),
    LandmarkName.NOSE_RIGHT: (35,),
    LandmarkName.MOUTH_LEFT: (48,),
    LandmarkName.MOUTH: (62, 66),
    LandmarkName.MOUTH_RIGHT: (54,),
    LandmarkName.CHIN: (8,),
}
_OUTER_CORNERS = [36, 45]


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures mean distances in percent of the eye distance.

    Also counts the faces that are not found or whose mean distance is above a tenth of the eye distance.
    """
    labels = kit.labels(FOLDER)
    true = {kit.photo(FOLDER, path): np.array(points) for path, points in kit.json(FOLDER, _SINGLE).items()}
    figures = []
    for source, group in grouped(labels, "source").items():
        pictured = [photo for photo in photos(group) if photo in true]
        errors = [
            _error(face, true[photo]) for photo, face in zip(pictured, predictor.main_faces(pictured), strict=True)
        ]
        figures += _figures(errors, f"{source}; one face per photo")
    return [*figures, *_figures(_in_groups(kit, predictor), "several faces per photo"), _pupils(kit, predictor)]


def _figures(errors: list[float | None], note: str) -> list[Figure]:
    found = [error for error in errors if error is not None]
    lost = len(errors) - len(found)
    off = [error is None or error > _FAR_OFF for error in errors]
    return [
        Figure.error("distance, 19 points", 100 * np.array(found), lost, f"{note}; of the outer eye distance", "%"),
        Figure.share("off by > 10 %, or not found", off, lost, note),
    ]


def _error(face: Found | None, true: Points) -> float | None:
    """The mean distance of 19 landmarks from the labels, in units of the distance between the outer eye corners."""
    if face is None or face.landmarks is None:
        return None
    points = select(face.landmarks, *_TRUE)
    targets = np.stack([true[list(rows)].mean(axis=0) for rows in _TRUE.values()])
    start, end = true[_OUTER_CORNERS]
    return float(np.linalg.norm(points - targets, axis=1).mean() / np.linalg.norm(end - start))


def _in_groups(kit: Kit, predictor: Predictor) -> list[float | None]:
    errors = []
    for face in kit.json(FOLDER, _GROUPS):
        x, y, width, height = face["box"]
        box = np.array([x, y, x + width, y + height])
        (found,) = predictor.detect([kit.photo(FOLDER, face["path"])])
        fitting = [item for item in found if same_face(item.bbox, box)]
        best = min(fitting, key=lambda item: float(np.linalg.norm(item.bbox - box)), default=None)
        errors.append(_error(best, np.array(face["points"])))
    return errors


def _pupils(kit: Kit, predictor: Predictor) -> Figure:
    labels = [label for label in kit.portraits() if label.known("eye1_x")]
    errors, lost = [], 0
    for label, face in zip(labels, predictor.main_faces(photos(labels)), strict=True):
        if face is None or face.landmarks is None:
            lost += 1
            continue
        true = label.points("eye1", "eye2")
        off = np.linalg.norm(select(face.landmarks, *_EYES) - true, axis=1).mean()
        errors.append(100 * off / np.linalg.norm(true[1] - true[0]))
    return Figure.error("distance, eye centres", errors, lost, "portraits; of the pupil distance", "%")
