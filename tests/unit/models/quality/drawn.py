"""A drawn face, upright and symmetric, and what spoils it."""

import cv2
import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.quality.view import SIZE, FaceView, Grey

POINTS: Points = np.array(
    [
        *([48, 54], [62, 48], [82, 54], [110, 54], [130, 48], [144, 54]),  # brows
        *([52, 66], [66, 66], [80, 66], [112, 66], [126, 66], [140, 66]),  # eyes
        *([28, 90], [84, 102], [96, 106], [108, 102], [164, 90]),  # ears and nose
        *([72, 132], [96, 134], [120, 132], [96, 172]),  # mouth and chin
    ],
    np.float64,
)
"""The 21 landmarks of `drawn_face`."""

_FINER = 4


def drawn_face(skin: int = 150, features: int = 50, behind: int = 100) -> Grey:
    """(192, 192) uint8: hard edges, flat cheeks, and eyes where an aligned face has them."""
    large = np.full((SIZE * _FINER, SIZE * _FINER), behind, np.uint8)

    def ellipse(x: float, y: float, across: float, down: float, level: int) -> None:
        centre, axes = (round(x * _FINER), round(y * _FINER)), (round(across * _FINER), round(down * _FINER))
        cv2.ellipse(large, centre, axes, 0, 0, 360, (level,), -1)

    ellipse(96, 96, 76, 96, skin)
    for x in (66, 126):
        ellipse(x, 66, 13, 6, features)
        ellipse(x, 51, 19, 4, features)
    ellipse(96, 104, 8, 4, features)
    ellipse(96, 133, 25, 6, features)
    return np.asarray(cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def seen(grey: Grey, eye_distance: float = 60.0) -> FaceView:
    """A picture (192, 192) as the view of a face that fills it."""
    return FaceView(grey, POINTS, grey, (0, 0), eye_distance)


def blurred(grey: Grey, sigma: float) -> Grey:
    return grey if sigma == 0 else np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)


def lit(grey: Grey, gain: float) -> Grey:
    """Pixels times a factor, clipped at white."""
    return (grey * gain).clip(0, 255).round().astype(np.uint8)


def noisy(grey: Grey, deviation: float) -> Grey:
    """The same grain for every deviation."""
    grain = np.random.default_rng(7).normal(size=grey.shape)
    return (grey + deviation * grain).clip(0, 255).round().astype(np.uint8)


def coloured(grey: Grey) -> Image:
    """(h, w, 3) uint8 of equal channels."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
