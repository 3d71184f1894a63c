"""Light: how even and how strong it is, how much it blows out, and the range of grey levels."""

import cv2
import numpy as np

from models.quality.view import SIZE, FaceView, percentiles

THRESHOLD = 50
DYNAMIC_RANGE_THRESHOLD = 128
FLARE_THRESHOLD = 0.01

# A quarter of the aligned face: light changes slowly.
_SMALL = SIZE // 4
_SMOOTHING = 2.5
# The mean difference of a pixel and its mirror image over their mean: in soft light, and in light from one side only.
_EVEN, _UNEVEN = 0.1, 0.6
_BLOWN = 247


def illumination(view: FaceView) -> float:
    """Evenness of the light times its level, in [0, 1].

    Evenness compares the face, smoothed, with its mirror image ("illumination uniformity" of ISO/IEC 29794-5, which
    compares the histograms of two squares on the cheeks: those of a well-lit face with dark skin overlap as little as
    those of a face lit from the side). The level is "luminance mean" of the standard, scored as in its reference
    implementation OFIQ: full from about 0.3 to 0.7 of the range, half at 0.2 and 0.8.
    """
    return _evenness(view) * _level(view)


def blown(view: FaceView) -> float:
    """The share of the face, forehead included, with a luminance of 247 or more: glare and flash.

    "Over-exposure prevention" of ISO/IEC 29794-5; OFIQ scores a share of 0.01 with 50 of 100.
    """
    return float((view.aligned[view.face(forehead=True) > 0] >= _BLOWN).mean())


def dynamic_range(view: FaceView) -> int:
    """Grey levels between the 1st and the 99th percentile of the face's box, in [0, 255].

    The box contains hair and brows as well as skin, so the range of a well-lit face does not depend on its complexion.
    """
    low, high = percentiles(view.box, 0.01, 0.99)
    return high - low


def _evenness(view: FaceView) -> float:
    size = (_SMALL, _SMALL)
    levels = cv2.resize(view.aligned, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = np.asarray(cv2.GaussianBlur(levels, (0, 0), _SMOOTHING), np.float32)
    mask = np.asarray(cv2.resize(view.face(), size, interpolation=cv2.INTER_NEAREST), np.uint8)
    both = (mask & mask[:, ::-1]) > 0
    if not both.any():
        return 0.0
    mirrored = small[:, ::-1]
    # One grey level more avoids a division by zero where pixels are black.
    difference = float((2 * np.abs(small - mirrored) / (small + mirrored + 1))[both].mean())
    return float(np.clip((_UNEVEN - difference) / (_UNEVEN - _EVEN), 0, 1))


def _level(view: FaceView) -> float:
    mean = float(view.aligned[view.face() > 0].mean()) / 255
    return _sigmoid((mean - 0.2) / 0.05) * _sigmoid((0.8 - mean) / 0.05)


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
