"""Annotated photos: draws the results of a sample on its photo, for people."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from math import cos, radians, sin
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.imaging.decode import Image
from models.networks.emotions import EMOTIONS
from models.networks.liveness import LIVENESS
from models.networks.mask import MASK
from models.output import Pose
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import GenderEstimator
from models.services.quality_estimator import QualityAssessmentEstimator
from pipelines.sample import Sample, SampleObject

Layer: TypeAlias = Literal["boxes", "points", "axes", "labels"]
LAYERS: tuple[Layer, ...] = ("boxes", "points", "axes", "labels")
"""What can be drawn, in this order."""

LONGEST = 2048
"""Pixels of the longer side of a picture: larger photos are reduced."""
SHORTEST = 640
"""Smaller photos are enlarged, so that their labels can be read."""

FACE, BODY = (60, 160, 30), (200, 110, 30)
POINT = (40, 220, 250)
TEXT = (255, 255, 255)
EDGE = (0, 0, 0)
# To the right of the head, to its chin, out of its nose: as other tools draw them.
AXES = ((60, 60, 255), (80, 220, 60), (255, 120, 40))
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_PADDING = 4


def draw_sample(image: Image, sample: Sample, layers: Collection[Layer] = LAYERS) -> Image:
    """The photo with what was found on it.

    Args:
        image: (h, w, 3) uint8 BGR, upright. It is not changed.
        sample: of the photo.
        layers: boxes; the 21 points of faces; axes of heads, red to the right of the head, green to its chin, blue out
            of its nose; labels.

    Returns:
        (h, w, 3) uint8 BGR, whose longer side is from `SHORTEST` to `LONGEST` pixels.
    """
    picture = _resized(image)
    for layer in LAYERS:
        if layer in layers:
            for found in sample.objects:
                if found.bbox is not None:
                    _DRAW[layer](picture, found)
    return picture


def describe(found: SampleObject) -> list[str]:
    """What is known about an object, a line each, the most important first."""
    if found.object_class == "body":
        return [f"body {found.confidence:.0%}" if found.confidence is not None else "body"]
    lines = []
    age, gender = AgeEstimator.output.of(found), GenderEstimator.output.of(found)
    if about := [*([gender.value] if gender else []), *([f"{round(age)}"] if age is not None else [])]:
        lines.append(", ".join(about))
    if emotions := EMOTIONS.of(found):
        shares = asdict(emotions)
        strongest = max(shares, key=lambda name: float(shares[name]))
        lines.append(f"{strongest} {shares[strongest]:.0%}")
    if mask := MASK.of(found):
        lines.append("mask" if mask.value else "no mask")
    if liveness := LIVENESS.of(found):
        lines.append(f"{liveness.value} {liveness.confidence:.2f}")
    if quality := QualityAssessmentEstimator.output.of(found):
        lines.append(f"quality {quality.total_score}")
    if pose := found.pose:
        lines.append(f"yaw {pose.yaw:+.0f}  pitch {pose.pitch:+.0f}  roll {pose.roll:+.0f}")
    return lines


def head_axes(pose: Pose) -> NDArray[np.float64]:
    """(3, 2): where the head's right, its chin and its nose point in the image, as x and y of unit vectors.

    The rotation is that of `models.networks.head_pose`: x to the right, y down, z away from the viewer.
    """
    yaw, pitch, roll = radians(pose.yaw), radians(pose.pitch), radians(pose.roll)
    right = (
        cos(yaw) * cos(roll),
        cos(pitch) * sin(roll) + sin(pitch) * sin(yaw) * cos(roll),
    )
    chin = (
        -cos(yaw) * sin(roll),
        cos(pitch) * cos(roll) - sin(pitch) * sin(yaw) * sin(roll),
    )
    nose = (sin(yaw), -sin(pitch) * cos(yaw))
    return np.array([right, chin, nose])


def _resized(image: Image) -> Image:
    height, width = image.shape[:2]
    longer = max(height, width)
    scale = min(LONGEST / longer, max(1.0, SHORTEST / longer))
    if scale == 1:
        return image.copy()
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _draw_box(picture: Image, found: SampleObject) -> None:
    left, top, right, bottom = _corners(picture, found)
    cv2.rectangle(picture, (left, top), (right, bottom), _colour(found), _line(picture, found), cv2.LINE_AA)


def _draw_points(picture: Image, found: SampleObject) -> None:
    _, top, _, bottom = _corners(picture, found)
    radius = max(1, round((bottom - top) / 90))
    for x, y in _pixels(picture, found.landmarks or ()):
        cv2.circle(picture, (x, y), radius + 1, EDGE, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, POINT, cv2.FILLED, cv2.LINE_AA)


def _draw_axes(picture: Image, found: SampleObject) -> None:
    if found.pose is None:
        return
    left, top, right, bottom = _corners(picture, found)
    # Between the eyes and the mouth: about where a head turns.
    points = _pixels(picture, found.landmarks) if found.landmarks else [(left, top), (right, bottom)]
    centre = np.mean(points, axis=0)
    length = 0.55 * max(right - left, bottom - top)
    start, line = _whole(centre), _line(picture, found)
    # An axis of a frontal head is short; the nose is drawn last, over the others.
    for direction, colour in zip(head_axes(found.pose), AXES, strict=True):
        end = _whole(centre + length * direction)
        cv2.arrowedLine(picture, start, end, EDGE, line + 2, cv2.LINE_AA, tipLength=0.15)
        cv2.arrowedLine(picture, start, end, colour, line, cv2.LINE_AA, tipLength=0.15)


def _draw_label(picture: Image, found: SampleObject) -> None:
    left, top, _, bottom = _corners(picture, found)
    # Text is as large as the picture demands, whatever the size of the face.
    scale = 0.46 + max(picture.shape[:2]) / 5000 - SHORTEST / 5000
    thickness = max(1, round(1.6 * scale))
    (_, letter), baseline = cv2.getTextSize("Ag", _FONT, scale, thickness)
    step = letter + baseline + _PADDING
    # A small face among others gets fewer lines, so that they do not cover its neighbours.
    lines = describe(found)[: max(1, (bottom - top) // step)]
    if not lines:
        return
    widths = [cv2.getTextSize(line, _FONT, scale, thickness)[0][0] for line in lines]
    # Below the box, or as low as the picture allows.
    y = max(0, min(bottom, picture.shape[0] - step * len(lines)))
    x = max(0, min(left, picture.shape[1] - max(widths) - 2 * _PADDING))
    for row, (line, width) in enumerate(zip(lines, widths, strict=True)):
        upper = y + row * step
        corner = (x + width + 2 * _PADDING, upper + step)
        cv2.rectangle(picture, (x, upper), corner, _colour(found), cv2.FILLED)
        origin = (x + _PADDING, upper + step - baseline)
        cv2.putText(picture, line, origin, _FONT, scale, TEXT, thickness, cv2.LINE_AA)


_DRAW = {"boxes": _draw_box, "points": _draw_points, "axes": _draw_axes, "labels": _draw_label}


def _colour(found: SampleObject) -> tuple[int, int, int]:
    return FACE if found.object_class == "face" else BODY


def _line(picture: Image, found: SampleObject) -> int:
    left, top, right, bottom = _corners(picture, found)
    longer: int = max(picture.shape[:2])
    return min(max(1, round(min(right - left, bottom - top) / 40)), max(2, longer // 500))


def _corners(picture: Image, found: SampleObject) -> tuple[int, int, int, int]:
    assert found.bbox is not None, "objects without a box are not drawn"
    (left, top), (right, bottom) = _pixels(picture, [found.bbox[:2], found.bbox[2:]])
    return left, top, right, bottom


def _pixels(picture: Image, points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    height, width = picture.shape[:2]
    return [(round(x * width), round(y * height)) for x, y in points]


def _whole(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = point.tolist()
    return round(x), round(y)
