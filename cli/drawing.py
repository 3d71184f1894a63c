"""Draws the results of a sample on its photo."""

from typing import Any

import cv2
import numpy as np

from models.imaging.decode import Image

BOX = (80, 200, 40)
POINT = (40, 220, 250)
TEXT = (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_sample(image: Image, sample: dict[str, Any]) -> Image:
    """A copy of the photo with the box, the 21 points and the attributes of each face.

    Args:
        image: (h, w, 3) uint8 BGR, upright.
        sample: in dialect v2.
    """
    drawn = image.copy()
    for item in sample["objects"]:
        _draw_face(drawn, item)
    return drawn


def _draw_face(image: Image, item: dict[str, Any]) -> None:
    height, width = image.shape[:2]
    size = np.array([width, height])
    (left, top), (right, bottom) = (np.array(item["bbox"]).reshape(2, 2) * size).round().astype(int).tolist()
    line = max(1, round((bottom - top) / 150))
    cv2.rectangle(image, (left, top), (right, bottom), BOX, line, cv2.LINE_AA)
    for point in item.get("keypoints", {}).values():
        if isinstance(point, dict):
            x, y = (np.array(point["proj"]) * size).round().astype(int).tolist()
            cv2.circle(image, (x, y), 2 * line, POINT, cv2.FILLED, cv2.LINE_AA)
    _write(image, describe(item), left, bottom, (bottom - top) / 300)


def describe(item: dict[str, Any]) -> list[str]:
    """The attributes of a face, a line each."""
    lines = []
    if "gender" in item or "age" in item:
        lines.append(", ".join(str(item[key]) for key in ("gender", "age") if key in item))
    if "emotions" in item:
        strongest = max(item["emotions"], key=lambda entry: entry["confidence"])
        lines.append(f"{strongest['emotion']} {strongest['confidence']:.0%}")
    if "pose" in item:
        lines.append("  ".join(f"{angle} {item['pose'][angle]:+.0f}" for angle in ("yaw", "pitch", "roll")))
    return lines


def _write(image: Image, lines: list[str], x: int, y: int, scale: float) -> None:
    scale = min(max(scale, 0.4), 2.0)
    thickness = max(1, round(1.5 * scale))
    sizes = [cv2.getTextSize(line, _FONT, scale, thickness) for line in lines]
    step = max((height + baseline for (_, height), baseline in sizes), default=0) + 4
    # Below the box, or as low as the image allows.
    y = min(y, image.shape[0] - step * len(lines) - 4)
    x = max(0, min(x, image.shape[1] - max((width for (width, _), _ in sizes), default=0) - 8))
    for row, (line, ((width, _), baseline)) in enumerate(zip(lines, sizes, strict=True)):
        top = y + row * step
        cv2.rectangle(image, (x, top), (x + width + 8, top + step), BOX, cv2.FILLED)
        cv2.putText(image, line, (x + 4, top + step - baseline - 1), _FONT, scale, TEXT, thickness, cv2.LINE_AA)
