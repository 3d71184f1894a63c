"""Images as arrays."""

from typing import TypeAlias

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from models.errors import InvalidImage
from models.imaging.headers import read_header

Image: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) uint8 BGR, upright."""

# What is left to flip once 5..8 are transposed: 0 = upside down, 1 = left to right, -1 = both.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


def decode(data: bytes) -> Image:
    """Decode an image as a viewer shows it: turned as its EXIF orientation says, on white where it is transparent.

    Colour under full transparency is whatever the encoder left there (lossless WebP zeroes it, others keep it), so an
    answer must not depend on it. Sixteen bits lose the lower eight.

    Raises:
        InvalidImage: a foreign format, a broken header, or pixels that do not decode.
    """
    header = read_header(data)
    try:
        # IMREAD_UNCHANGED also leaves the orientation to us: the header is the one source of truth.
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InvalidImage(f"The {header.format.upper()} image cannot be decoded") from error
    # An empty answer is None at run time, whatever the stubs say; another size would be a header that lies.
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise InvalidImage(f"The {header.format.upper()} image cannot be decoded")
    return _turned(_bgr(pixels), header.orientation)


def _bgr(pixels: MatLike) -> Image:
    """(h, w), (h, w, 3) or (h, w, 4), uint8 or uint16 -> (h, w, 3) uint8."""
    eight = (np.right_shift(pixels, 8) if pixels.dtype == np.uint16 else pixels).astype(np.uint8, copy=False)
    if eight.ndim == 2:
        return np.asarray(cv2.cvtColor(eight, cv2.COLOR_GRAY2BGR), np.uint8)
    if eight.shape[2] == 3:
        return eight
    alpha = eight[:, :, 3:].astype(np.uint16)
    on_white = eight[:, :, :3] * alpha + 255 * (255 - alpha)
    return ((on_white + 127) // 255).astype(np.uint8)


def _turned(image: Image, orientation: int) -> Image:
    """Apply an EXIF orientation: transpose first, then flip."""
    if orientation >= 5:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if orientation in _FLIPS:
        image = np.asarray(cv2.flip(image, _FLIPS[orientation]), np.uint8)
    return image
