"""What the structure of an image tells before a pixel is decoded: so that the front can refuse early."""

import struct
from dataclasses import dataclass

from models.errors import ImageTooLarge, InvalidImage
from models.imaging.formats import ImageFormat, format_of, read_bmp, read_jpeg, read_png, read_webp

_READERS = {"jpeg": read_jpeg, "png": read_png, "bmp": read_bmp, "webp": read_webp}


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Format, size and orientation of an image.

    Attributes:
        format: told from the bytes, never from a name; an MPO file is a JPEG, of several pictures the first counts.
        width: of the stored pixels, at least 1.
        height: of the stored pixels, at least 1.
        orientation: 1..8, how the stored pixels are to be turned; 1 = they are upright.
    """

    format: ImageFormat
    width: int
    height: int
    orientation: int

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) once `orientation` is applied."""
        return (self.width, self.height) if self.orientation >= 5 else (self.height, self.width)


def read_header(data: bytes) -> ImageHeader:
    """Walk over the structure of an image to its end.

    Cost grows with the number of segments, never with the size that the header claims.

    Raises:
        InvalidImage: a foreign format, a broken header, or data that were cut off.
    """
    kind = format_of(data)
    if kind is None:
        raise InvalidImage("The bytes are no JPEG, PNG, BMP or WebP image")
    try:
        structure = _READERS[kind](data)
    except (struct.error, IndexError) as error:
        raise InvalidImage(f"The {kind.upper()} data are cut off") from error
    if structure.width == 0 or structure.height == 0:
        raise InvalidImage(f"The {kind.upper()} image has no pixels")
    return ImageHeader(kind, structure.width, structure.height, orientation_of(structure.exif))


def check_pixels(header: ImageHeader, limit: int) -> None:
    """Hold an image to the number of pixels that a deployment accepts.

    Raises:
        ImageTooLarge: it has more than `limit`.
    """
    pixels = header.width * header.height
    if pixels > limit:
        raise ImageTooLarge(f"The image has {pixels} pixels, more than the {limit} that are accepted")


_ORIENTATION = 0x0112


def orientation_of(exif: bytes) -> int:
    """How stored pixels are to be turned to stand upright (Exif 2.32, 4.6.4, tag 0x0112).

    Only the first directory is read, with no more than its own entries.

    Returns:
        1..8; 1 (upright already) also where the tag is missing or the block is broken: viewers do the same.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            tag, value = struct.unpack_from(f"{order}H6xH", tiff, directory + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
