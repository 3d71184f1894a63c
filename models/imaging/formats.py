"""The structure of PNG, WebP and BMP images, read without decoding: size, EXIF block, and whether data are cut off.

JPEG, HEIC, AVIF and TIFF have modules of their own. Sources: W3C PNG third edition section 5, the WebP container
specification (RFC 9649), and the DIB headers of Windows (BITMAPCOREHEADER, BITMAPINFOHEADER). Where the bytes end too
early, a reader raises `InvalidImage`, `struct.error` or `IndexError`.
"""

import struct
from collections.abc import Callable
from typing import Literal

from models.errors import InvalidImage
from models.imaging.heif import heif_format_of
from models.imaging.structure import MOST_SEGMENTS, Structure, too_many_segments

ImageFormat = Literal["jpeg", "png", "bmp", "webp", "heic", "avif", "tiff"]

_PNG_ALPHA = 4
_BMP_UNCOMPRESSED = frozenset({0, 3, 6})


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
    if data.startswith((b"II*\0", b"MM\0*")):
        return "tiff"
    return heif_format_of(data)


def read_png(data: bytes) -> Structure:
    """Read all chunks; EXIF may come after the pixels."""
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise InvalidImage("The PNG header is broken")
    exif = b""
    transparent = False
    position = 8
    for _ in range(MOST_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", data, position)
        transparent = transparent or kind == b"tRNS"
        if kind == b"eXIf":
            exif = data[position + 8 : position + 8 + length]
        position += 12 + length
        if kind == b"IEND":
            break
    else:
        raise too_many_segments("PNG")
    if position > len(data):
        raise InvalidImage("The PNG data are cut off")
    # The decoder gives alpha where the colour type has it, and where a chunk makes colours transparent.
    channels = 4 if colour & _PNG_ALPHA or transparent else 3
    return Structure(width, height, exif, pixel_bytes=channels * (2 if bits == 16 else 1))


def read_webp(data: bytes) -> Structure:
    """Read all chunks; an extended header comes first, and gives the size of the canvas."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise InvalidImage("The WebP data are cut off")
    size: tuple[int, int] | None = None
    exif = b""
    position = 12
    for _ in range(MOST_SEGMENTS):
        if position >= length + 8:
            break
        kind, chunk = struct.unpack_from("<4sI", data, position)
        position += 8
        if position + chunk > length + 8:
            raise InvalidImage("The WebP chunks do not fit their container")
        if kind == b"EXIF":
            exif = data[position : position + chunk]
        elif size is None and kind in _WEBP_SIZES:
            size = _WEBP_SIZES[kind](data[position : position + chunk])
        position += chunk + chunk % 2
    else:
        raise too_many_segments("WebP")
    if size is None:
        raise InvalidImage("The WebP data hold no picture")
    # With or without alpha, which a lossless picture tells only once it is decoded.
    return Structure(*size, exif, pixel_bytes=4)


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
    return Structure(max(width, 0), abs(height), pixel_bytes=4 if bits == 32 else 3)
