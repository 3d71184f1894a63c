"""Decodes images into arrays."""

from typing import TypeAlias

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from models.errors import InvalidImage
from models.imaging.headers import ImageHeader, read_header
from models.imaging.pillow_decoders import EXTRA_FORMATS, decode_upright

Image: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) uint8 BGR, upright."""

# The flip that follows the transposition of 5..8: 0 = upside down, 1 = left to right, -1 = both.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}

# libjpeg fills the rows that a scan lacks with grey as soon as it meets a marker. Without a marker behind the scan it
# asks for more bytes, and cv2 fails. It reads up to eight bytes ahead of the pixels.
_LOOK_AHEAD = bytes(8)
_STRIP_PIXELS = 200_000


def decode(data: bytes) -> Image:
    """Decode an image as a viewer shows it: turned by its EXIF orientation, on white where it is transparent.

    Results must not depend on colour under full transparency, which encoders store differently (lossless WebP zeroes
    it, others keep it). Of sixteen bits, the upper eight are used.

    Raises:
        InvalidImage: another format, a broken header, or pixels that do not decode or are missing.
    """
    header = read_header(data, bounded=False)
    if header.format in EXTRA_FORMATS:
        try:
            return _bgr(decode_upright(header, data))
        except ValueError as error:
            raise _undecodable(header) from error
    if header.scan_end is not None:
        data = data[: header.scan_end] + _LOOK_AHEAD
    try:
        # IMREAD_UNCHANGED does not apply the orientation either: it is taken from the header alone.
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise _undecodable(header) from error
    # cv2 gives None where it fails, unlike its stubs say; with another size the header would be wrong.
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise _undecodable(header)
    return _turned(_bgr(pixels), header.orientation)


def _undecodable(header: ImageHeader) -> InvalidImage:
    return InvalidImage(f"The {header.format.upper()} image cannot be decoded: its data are damaged or cut off")


def _bgr(pixels: MatLike) -> Image:
    """(h, w), (h, w, 3) or (h, w, 4), uint8 or uint16 -> (h, w, 3) uint8."""
    if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    height, width = pixels.shape[:2]
    image = np.empty((height, width, 3), np.uint8)
    # Row by row, nearly: what is in between takes several times the memory of the pixels.
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        image[top : top + rows] = _strip_bgr(pixels[top : top + rows])
    return image


def _strip_bgr(pixels: MatLike) -> Image:
    """Some rows of `_bgr`."""
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
