"""Whether photos that are rotated give the answers that they give upright."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos
from bench.accuracy.predictor import Predictor
from models.imaging.decode import Image, decode
from models.imaging.geometry import Matrix, Points, apply
from models.networks.emotions import Emotions
from models.networks.landmarks import LandmarkName, select
from models.output import Value
from models.service import EstimatingService, Found
from models.services.age_estimator import AgeEstimator
from models.services.emotion_estimator import EmotionEstimator
from models.services.gender_estimator import GenderEstimator
from models.services.template_extractor import TemplateExtractor
from models.services.verify_matcher import VerifyMatcher

FOLDER = "verification"
_RIGHT_ANGLES_DEG = (90, 180, 270)
_LEANS_DEG = (60, -60)
# Of each kind: each photo is judged six times.
_MOST_PHOTOS = 120
_FA_R = 1e-3
_AGE_YEARS = 2.0
_ROLL_DEG = 15.0
_EYES = (LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE)
_GREY = (128, 128, 128)


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures, per angle, what rotated photos give beside the same photos upright.

    A photo in which no face is found upright is left out. A photo rotated by a right angle loses no pixel. A photo
    rotated by another angle is drawn on a larger canvas, and counts as found or not found only.
    """
    figures = []
    for name, paths in (("portraits", photos(kit.portraits())), ("verification", photos(kit.labels(FOLDER)))):
        chosen = list(dict.fromkeys(paths))
        chosen = chosen[:: -(-len(chosen) // _MOST_PHOTOS) or 1]
        upright = predictor.main_faces(chosen)
        shown = [photo for photo, face in zip(chosen, upright, strict=True) if face is not None]
        for angle_deg in (*_RIGHT_ANGLES_DEG, *_LEANS_DEG):
            with TemporaryDirectory() as folder:
                copies = [_rotated_copy(photo, angle_deg, Path(folder) / f"{n}.png") for n, photo in enumerate(shown)]
                rotated = [copy for copy, _ in copies]
                expected = [
                    apply(matrix, face.landmarks)
                    for (_, matrix), face in zip(copies, (face for face in upright if face is not None), strict=True)
                    if face.landmarks is not None
                ]
                figures.append(_found(predictor, rotated, expected, f"{angle_deg}°", name))
                if angle_deg in _RIGHT_ANGLES_DEG:
                    figures += _answers(predictor, shown, rotated, expected, angle_deg, name)
    return figures


def _rotated_copy(photo: Path, angle_deg: float, file: Path) -> tuple[Path, Matrix]:
    """A photo rotated clockwise, and the map of its points."""
    image, matrix = rotated_image(decode(photo.read_bytes()), angle_deg)
    cv2.imwrite(str(file), image)
    return file, matrix


def rotated_image(image: Image, angle_deg: float) -> tuple[Image, Matrix]:
    """An image rotated clockwise on a canvas that contains all of it, and the map of its points (continuous)."""
    height, width = image.shape[:2]
    turn = np.radians(angle_deg)
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    size = np.round(np.abs(linear) @ (width, height)).astype(int)
    matrix: Matrix = np.column_stack([linear, size / 2 - linear @ (width / 2, height / 2)])
    # cv2 measures from the centres of the corner pixels, not from their corners.
    drawn = matrix.copy()
    drawn[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    canvas = cv2.warpAffine(image, np.round(drawn, 9), size.tolist(), borderValue=_GREY)
    return np.asarray(canvas, np.uint8), matrix


def _found(predictor: Predictor, rotated: Sequence[Path], expected: Sequence[Points], angle: str, name: str) -> Figure:
    hits = [
        any(_is_at(face, points) for face in faces)
        for faces, points in zip(predictor.detect(rotated), expected, strict=True)
    ]
    return Figure.share(f"found, {angle}", hits, hits.count(False), f"{name}; of the faces found upright")


def _is_at(face: Found, points: Points) -> bool:
    off = (face.bbox[:2] + face.bbox[2:]) / 2 - points.mean(axis=0)
    return float(np.linalg.norm(off)) <= _eye_distance(points)


def _eye_distance(points: Points) -> float:
    """In pixels, at least one."""
    left, right = select(points, *_EYES)
    return max(float(np.linalg.norm(right - left)), 1.0)


def _answers(
    predictor: Predictor,
    upright: Sequence[Path],
    rotated: Sequence[Path],
    expected: Sequence[Points],
    angle_deg: int,
    name: str,
) -> list[Figure]:
    faces = predictor.main_faces(rotated)
    errors = [
        100 * float(np.linalg.norm(face.landmarks - points, axis=1).mean()) / _eye_distance(points)
        for face, points in zip(faces, expected, strict=True)
        if face is not None and face.landmarks is not None
    ]
    before = predictor.main_faces(upright)
    rolls = [
        face is not None and abs(_roll_difference(face, other, angle_deg)) <= _ROLL_DEG
        for face, other in zip(faces, before, strict=True)
    ]
    share = partial(_share, predictor, upright, rotated, angle_deg, name)
    return [
        Figure.error(
            f"points, {angle_deg}°", errors, faces.count(None), f"{name}; from those upright, of the eye distance", "%"
        ),
        Figure.share(f"roll right, {angle_deg}°", rolls, faces.count(None), f"{name}; within {_ROLL_DEG:.0f}°"),
        _accepted(predictor, upright, rotated, angle_deg, name),
        share("age within 2 years", AgeEstimator, lambda one, other: abs(one - other) <= _AGE_YEARS),
        share("same gender", GenderEstimator, lambda one, other: one.value == other.value),
        share("same emotion", EmotionEstimator, lambda one, other: _strongest(one) == _strongest(other)),
    ]


def _roll_difference(face: Found, upright: Found | None, angle_deg: int) -> float:
    """Degrees from the roll that a face should have, in [-180, 180)."""
    assert face.pose is not None, "the fitter gives it"
    assert upright is not None, "only photos with a face are rotated"
    assert upright.pose is not None, "the fitter gives it"
    return (face.pose.roll - upright.pose.roll - angle_deg + 180) % 360 - 180


def _accepted(
    predictor: Predictor, upright: Sequence[Path], rotated: Sequence[Path], angle_deg: int, name: str
) -> Figure:
    before, after = (predictor.estimate(paths, TemplateExtractor) for paths in (upright, rotated))
    pairs = [(one, other) for one, other in zip(before, after, strict=True) if one is not None and other is not None]
    verdicts = [answer.fa_r <= _FA_R for answer in predictor.service(VerifyMatcher).match(pairs)]
    lost = after.count(None)
    return Figure.share(
        f"accepted at the table's FAR {_FA_R:g}, {angle_deg}°",
        [*verdicts, *[False] * lost],
        lost,
        f"{name}; beside the same photo upright",
    )


def _share(
    predictor: Predictor,
    upright: Sequence[Path],
    rotated: Sequence[Path],
    angle_deg: int,
    name: str,
    measure_name: str,
    estimator: type[EstimatingService[Value]],
    agree: Callable[[Value, Value], bool],
) -> Figure:
    before, after = (predictor.estimate(paths, estimator) for paths in (upright, rotated))
    verdicts = [
        one is not None and other is not None and agree(one, other) for one, other in zip(before, after, strict=True)
    ]
    return Figure.share(f"{measure_name}, {angle_deg}°", verdicts, after.count(None), f"{name}; beside upright")


def _strongest(emotions: Emotions) -> str:
    return max(asdict(emotions).items(), key=lambda item: item[1])[0]
