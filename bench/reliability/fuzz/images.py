"""Target `images`: what the API does with an image, and then a worker."""

from functools import cache
from io import BytesIO
from struct import pack

import cv2
import numpy as np
from cv2.typing import MatLike

from bench.gpu import PHOTO
from bench.reliability.fuzz.mutation import mutated
from bench.reliability.fuzz.target import Target
from config.settings import LimitSettings
from models.imaging.decode import decode
from models.imaging.headers import check_pixels, read_header
from models.imaging.pillow_decoders import INSTALLED

_PIXELS = LimitSettings().pixels
# The first directory of Exif, with the orientation alone: 6, turned to the left.
_EXIF = b"Exif\0\0II*\0" + pack("<IHHHIII", 8, 1, 0x0112, 3, 1, 6, 0)


@cache
def files() -> tuple[bytes, ...]:
    """A small photo in each format, with and without alpha, sixteen bits, a palette of grey, progressive, and Exif.

    HEIC, AVIF and TIFF only where the extra `formats` is installed.
    """
    photo = cv2.resize(decode(PHOTO.read_bytes()), (48, 64))
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    alpha = cv2.cvtColor(photo, cv2.COLOR_BGR2BGRA)
    jpeg = _encoded(".jpg", photo)
    exif = jpeg[:2] + b"\xff\xe1" + pack(">H", len(_EXIF) + 2) + _EXIF + jpeg[2:]
    return (
        jpeg,
        exif,
        _encoded(".jpg", photo, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        _encoded(".jpg", photo, cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
        _encoded(".jpg", grey),
        *(_encoded(".png", pixels) for pixels in (photo, grey, alpha, alpha.astype(np.uint16) * 257)),
        _encoded(".png", grey // 255, cv2.IMWRITE_PNG_BILEVEL, 1),
        *(_encoded(".bmp", pixels) for pixels in (photo, grey, alpha)),
        *(_encoded(".webp", pixels, cv2.IMWRITE_WEBP_QUALITY, q) for pixels in (photo, alpha) for q in (50, 101)),
        *_files_of_extra(photo, alpha),
    )


def _files_of_extra(photo: MatLike, alpha: MatLike) -> tuple[bytes, ...]:
    if not INSTALLED:
        return ()
    from PIL import Image
    from pillow_heif import register_heif_opener

    register_heif_opener()
    pictures = [Image.fromarray(cv2.cvtColor(photo, cv2.COLOR_BGR2RGB))]
    pictures.append(Image.fromarray(cv2.cvtColor(alpha, cv2.COLOR_BGRA2RGBA)))
    encoded = []
    for picture in pictures:
        for kind, compression in (("HEIF", None), ("AVIF", None), ("TIFF", None), ("TIFF", "tiff_lzw")):
            file = BytesIO()
            picture.save(file, kind, compression=compression, exif=_EXIF)
            encoded.append(file.getvalue())
    return (*encoded, _encoded(".tiff", photo.astype(np.uint16) * 257))


def _encoded(suffix: str, pixels: MatLike, *options: int) -> bytes:
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def run(data: bytes) -> None:
    """Read the header, check the size, and decode.

    Raises:
        InvalidRequest: the image is refused.
        AssertionError: the decoded image has another size than its header says.
    """
    header = read_header(data)
    check_pixels(header, _PIXELS)
    image = decode(data)
    assert image.shape == (*header.upright_size, 3), f"{image.shape} is not the size in {header}"
    assert image.dtype == np.uint8


def target() -> Target:
    """The target."""
    return Target("images", mutated(files()), run)
