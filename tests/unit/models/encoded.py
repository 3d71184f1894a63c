"""Really encoded images, made in memory."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

ORIENTATION = 0x0112


def encode(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    """A picture as Pillow writes it."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Pillow.Image:
    """A picture without two equal rows or columns."""
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), np.uint8)
    return Pillow.fromarray(pixels, "RGB").convert(mode)


def oriented(value: int) -> bytes:
    """An EXIF block that holds this orientation."""
    exif = Pillow.Exif()
    exif[ORIENTATION] = value
    return exif.tobytes()


def encode_16(pixels: NDArray[np.uint16]) -> bytes:
    """A PNG of 16 bits per channel."""
    return cv2.imencode(".png", pixels)[1].tobytes()
