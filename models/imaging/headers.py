"""The header of an image: format, size and orientation, read before any pixel is decoded."""

import struct
from dataclasses import dataclass

from models.errors import ImageTooLarge, InvalidImage
from models.imaging.formats import ImageFormat, format_of, read_bmp, read_png, read_webp
from models.imaging.heif import read_avif, read_heic
from models.imaging.jpeg import read_jpeg
from models.imaging.pillow_decoders import require_installed
from models.imaging.structure import MOST_SEGMENTS
from models.imaging.tiff import read_tiff

_READERS = {
    "png": read_png,
    "bmp": read_bmp,
    "webp": read_webp,
    "heic": read_heic,
    "avif": read_avif,
    "tiff": read_tiff,
}


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Format, size and orientation of an image.

    Attributes:
        format: by its bytes, never by a name; an MPO file is a JPEG, and only the first of several pictures is used.
        width: of the stored pixels, at least 1.
        height: of the stored pixels, at least 1.
        orientation: 1..8, how to turn the stored pixels; 1 = they are upright.
        scan_end: see `Structure`.
        pixel_bytes: see `Structure`.
    """

    format: ImageFormat
    width: int
    height: int
    orientation: int
    scan_end: int | None = None
    pixel_bytes: int = 3

    @property
    def decoded_bytes(self) -> int:
        """The bytes of the image as the decoder gives it, before it is reduced to 8 bits and 3 colours."""
        return self.width * self.height * self.pixel_bytes

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) once `orientation` is applied."""
        return (self.width, self.height) if self.orientation >= 5 else (self.height, self.width)


def read_header(data: bytes, *, bounded: bool = True) -> ImageHeader:
    """Read the structure of an image to its end.

    The cost depends on the number of segments, not on the size that the header claims.

    Args:
        data: the image.
        bounded: whether the rows of a large JPEG of several scans are left to `decode`, which checks them without this
            bound. Reading takes at most about 30 ms then, whatever the bytes are.

    Raises:
        InvalidImage: another format, a broken header, or data that are cut off.
    """
    kind = format_of(data)
    if kind is None:
        raise InvalidImage("The bytes are no JPEG, PNG, BMP, WebP, HEIC, AVIF or TIFF image")
    require_installed(kind)
    try:
        structure = read_jpeg(data, bounded=bounded) if kind == "jpeg" else _READERS[kind](data)
    except (struct.error, IndexError) as error:
        raise InvalidImage(f"The {kind.upper()} data are cut off") from error
    if structure.width == 0 or structure.height == 0:
        raise InvalidImage(f"The {kind.upper()} image has no pixels")
    orientation = structure.orientation or orientation_of(structure.exif)
    return ImageHeader(kind, structure.width, structure.height, orientation, structure.scan_end, structure.pixel_bytes)


def check_pixels(header: ImageHeader, limit: int) -> None:
    """Check that an image has no more pixels than the deployment accepts.

    Raises:
        ImageTooLarge: it has more than `limit`.
    """
    pixels = header.width * header.height
    if pixels > limit:
        raise ImageTooLarge(f"The image has {pixels} pixels, more than the {limit} that are accepted: make it smaller")


def check_decoded_bytes(header: ImageHeader, limit: int) -> None:
    """Check that an image takes no more memory than the deployment accepts, while it is decoded.

    Raises:
        ImageTooLarge: it takes more than `limit` bytes.
    """
    if header.decoded_bytes > limit:
        raise ImageTooLarge(
            f"The image has {header.decoded_bytes} bytes once it is decoded, more than the {limit} that are accepted: "
            "make it smaller, or send it with 8 bits per colour"
        )


_ORIENTATION = 0x0112


def orientation_of(exif: bytes) -> int:
    """How to turn stored pixels upright (Exif 2.32, 4.6.4, tag 0x0112).

    Only the entries of the first directory are read.

    Returns:
        1..8; 1 (upright) also where the tag is missing or the block is broken, as in viewers.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(min(entries, MOST_SEGMENTS)):
            tag, value = struct.unpack_from(f"{order}H6xH", tiff, directory + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
