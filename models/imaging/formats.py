"""The structure of the accepted image formats, read without decoding: size, EXIF block, and whether data are cut off.

JPEG is in `models.imaging.jpeg`. Sources: W3C PNG third edition section 5, the WebP container specification (RFC 9649),
and the DIB headers of Windows (BITMAPCOREHEADER, BITMAPINFOHEADER). Where the bytes end too early, a reader raises
`InvalidImage`, `struct.error` or `IndexError`.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from models.errors import InvalidImage

ImageFormat = Literal["jpeg", "png", "bmp", "webp"]

_BMP_UNCOMPRESSED = frozenset({0, 3, 6})


@dataclass(frozen=True, slots=True)
class Structure:
    """What the segments of an image say.

    Attributes:
        width: of the stored pixels.
        height: of the stored pixels.
        exif: the EXIF block, empty if there is none.
        scan_end: where the data of the only scan of a JPEG end; None for other files. All rows have to be before it.
    """

    width: int
    height: int
    exif: bytes = b""
    scan_end: int | None = None


def format_of(data: bytes) -> ImageFormat | None:
    """The format by the first bytes; None for any other."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"BM"):
        return "bmp"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return None


def read_png(data: bytes) -> Structure:
    """Read all chunks; EXIF may come after the pixels."""
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise InvalidImage("The PNG header is broken")
    exif = b""
    position = 8
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"eXIf":
            exif = data[position + 8 : position + 8 + length]
        position += 12 + length
    if position > len(data):
        raise InvalidImage("The PNG data are cut off")
    return Structure(width, height, exif)


def read_webp(data: bytes) -> Structure:
    """Read all chunks; an extended header comes first, and gives the size of the canvas."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise InvalidImage("The WebP data are cut off")
    size: tuple[int, int] | None = None
    exif = b""
    position = 12
    while position < length + 8:
        kind, chunk = struct.unpack_from("<4sI", data, position)
        position += 8
        if position + chunk > length + 8:
            raise InvalidImage("The WebP chunks do not fit their container")
        if kind == b"EXIF":
            exif = data[position : position + chunk]
        elif size is None and kind in _WEBP_SIZES:
            size = _WEBP_SIZES[kind](data[position : position + chunk])
        position += chunk + chunk % 2
    if size is None:
        raise InvalidImage("The WebP data hold no picture")
    return Structure(*size, exif)


def _vp8x_size(chunk: bytes) -> tuple[int, int]:
    return int.from_bytes(chunk[4:7], "little") + 1, int.from_bytes(chunk[7:10], "little") + 1


def _vp8l_size(chunk: bytes) -> tuple[int, int]:
    (bits,) = struct.unpack_from("<I", chunk, 1)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _vp8_size(chunk: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", chunk, 6)
    return width & 0x3FFF, height & 0x3FFF


_WEBP_SIZES: dict[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"VP8X": _vp8x_size,
    b"VP8L": _vp8l_size,
    b"VP8 ": _vp8_size,
}


def read_bmp(data: bytes) -> Structure:
    """Read the header; uncompressed pixels have to be complete (the file size in the header is often wrong)."""
    pixels, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        width, height, bits = struct.unpack_from("<HH2xH", data, 18)
        compression = 0
    else:
        width, height, bits, compression = struct.unpack_from("<ii2xHI", data, 18)
    row = (width * bits + 31) // 32 * 4
    if width > 0 and len(data) < pixels + (row * abs(height) if compression in _BMP_UNCOMPRESSED else 1):
        raise InvalidImage("The BMP data are cut off")
    return Structure(max(width, 0), abs(height))
