"""Decodes HEIC, AVIF and TIFF with the packages of the extra `formats`: Pillow, and pillow-heif.

OpenCV reads TIFF and AVIF too, but it drops the alpha channel of some, and leaves ten bits as they are.
"""

import struct
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidImage

INSTALLED = find_spec("PIL") is not None and find_spec("pillow_heif") is not None
"""Whether the extra is installed."""
EXTRA_FORMATS = frozenset({"heic", "avif", "tiff"})
"""The formats that need the extra."""

_SIXTEEN_BITS = frozenset({"I;16", "I;16B", "I;16L", "I"})
# What Pillow and its decoders raise where data are damaged.
_DAMAGED = (OSError, RuntimeError, SyntaxError, EOFError, LookupError, TypeError, OverflowError, struct.error)


class SizedFormat(Protocol):
    """What the header of an image says."""

    @property
    def format(self) -> str:
        """One of `EXTRA_FORMATS`."""

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width)."""


def require_installed(kind: str) -> None:
    """Check that a format can be decoded here.

    Raises:
        InvalidImage: it needs the extra, which is not installed.
    """
    if kind in EXTRA_FORMATS and not INSTALLED:
        raise InvalidImage(
            f"{kind.upper()} images are not accepted here: they need the extra `formats`, "
            "`pip install 'faceline[formats]'`"
        )


def decode_upright(header: SizedFormat, data: bytes) -> NDArray[np.uint8]:
    """Decode an image: (h, w, 3) BGR or (h, w, 4) BGRA, uint8, upright.

    Raises:
        ValueError: the data are damaged, or have another size than the header.
    """
    # Here, since the packages of the extra may not be installed.
    from PIL import Image, ImageOps

    # The limits of the deployment were applied to the header.
    Image.MAX_IMAGE_PIXELS = None
    try:
        if header.format == "heic":
            from pillow_heif import open_heif

            opened = open_heif(BytesIO(data))
            _require_size(opened, header)
            pixels = _bgr_or_bgra(opened.to_pillow())
        else:
            picture = Image.open(BytesIO(data), formats=[header.format])
            _require_size(picture, header)
            pixels = _bgr_or_bgra(ImageOps.exif_transpose(picture))
    except _DAMAGED as error:
        raise ValueError("the decoder refuses the data") from error
    if pixels.shape[:2] != header.upright_size:
        raise ValueError("the pixels have another size than the header")
    return pixels


def _require_size(opened: Any, header: SizedFormat) -> None:
    """Check the size that the decoder found before it decodes: upright, or as the pixels are stored."""
    if sorted(opened.size) != sorted(header.upright_size):
        raise ValueError("the decoder finds another size than the header")


def _bgr_or_bgra(picture: Any) -> NDArray[np.uint8]:
    if picture.mode in _SIXTEEN_BITS:
        grey = np.right_shift(np.asarray(picture), 8).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if picture.has_transparency_data:
        return np.asarray(cv2.cvtColor(np.asarray(picture.convert("RGBA")), cv2.COLOR_RGBA2BGRA), np.uint8)
    return np.asarray(cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR), np.uint8)
