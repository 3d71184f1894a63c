"""The structure of a TIFF, read without decoding: the first directory, and whether its strips or tiles are complete.

Source: TIFF revision 6.0, sections 2, 8 and 15. BigTIFF is another format.
"""

import struct
from math import ceil

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidImage
from models.imaging.structure import MOST_SEGMENTS, Structure, too_many_segments

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES = 256, 257, 258, 259, 277
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES, _PLANES = 273, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
_SAMPLE_FORMAT = 339
_READ = frozenset({
    _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES, _PLANES, _TILE_WIDTH,
    _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES, _SAMPLE_FORMAT,
})  # fmt: skip
_NUMBERS = {1: "u1", 3: "u2", 4: "u4"}
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_UNCOMPRESSED, _SEPARATE_PLANES, _UNSIGNED = 1, 2, 1
_SAMPLE_BITS = frozenset({1, 2, 4, 8, 16})
_MOST_SAMPLES = 5
# Of a tag that has a value for each sample; some files have more values than samples.
_MOST_VALUES = 64
_NO_VALUES = np.empty(0, np.int64)
# A tile is decoded whole: that of a small picture may be larger than it is.
_SMALL_PIXELS = 4_000_000

_Tags = dict[int, NDArray[np.integer]]


def read_tiff(data: bytes) -> Structure:
    """Read the first directory; further ones are further pages. The file itself is an EXIF block."""
    tags = _directory(data)
    width, height, samples = _only(tags, _WIDTH, 0), _only(tags, _HEIGHT, 0), _only(tags, _SAMPLES, 1)
    bits, formats = _each_sample(tags, _BITS, 1), _each_sample(tags, _SAMPLE_FORMAT, _UNSIGNED)
    if not (bits and bits <= _SAMPLE_BITS) or formats != {_UNSIGNED} or not 1 <= samples <= _MOST_SAMPLES:
        raise InvalidImage("The TIFF image has colours of a kind that is not accepted: send 8 or 16 bits for each")
    if width and height:
        _check_parts(data, tags, (height, width), samples, max(bits))
    # Pillow takes four bytes for a pixel of any colours.
    return Structure(width, height, data, pixel_bytes=max(4, samples * max(bits) // 8))


def _directory(data: bytes) -> _Tags:
    order = "<" if data.startswith(b"II") else ">"
    (position,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, position)
    if count > MOST_SEGMENTS:
        raise too_many_segments("TIFF")
    tags: _Tags = {}
    end = position + 2 + 12 * count
    for entry in range(position + 2, end, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, entry)
        start, size = entry + 8, values * _TYPE_BYTES.get(kind, 1)
        if size > 4:
            (start,) = struct.unpack_from(f"{order}I", data, start)
        # Also of tags that are not read: the decoder may need them.
        if start + size > len(data):
            raise _cut_off()
        if tag in _READ and kind in _NUMBERS:
            if tag in tags:
                raise InvalidImage("The TIFF header is broken")
            # The bytes are not copied here: all tags together can have many times the bytes of the file.
            tags[tag] = np.frombuffer(data, f"{order}{_NUMBERS[kind]}", values, start)
    if end + 4 > len(data):
        raise _cut_off()
    return tags


def _only(tags: _Tags, tag: int, default: int) -> int:
    values = tags.get(tag, _NO_VALUES)
    return int(values[0]) if len(values) else default


def _each_sample(tags: _Tags, tag: int, default: int) -> set[int]:
    """The different values of a tag that has a value for each sample; empty if it has too many."""
    values = tags.get(tag, np.array([default]))
    return {int(value) for value in values} if len(values) <= _MOST_VALUES else set()


def _check_parts(data: bytes, tags: _Tags, size: tuple[int, int], samples: int, bits: int) -> None:
    """Check that all strips or tiles are in the file."""
    height, width = size
    planes = samples if _only(tags, _PLANES, 1) == _SEPARATE_PLANES else 1
    if _TILE_OFFSETS in tags:
        tall, wide = _only(tags, _TILE_HEIGHT, 0), _only(tags, _TILE_WIDTH, 0)
        offsets, lengths = tags[_TILE_OFFSETS], tags.get(_TILE_BYTES, _NO_VALUES)
    else:
        tall, wide = min(_only(tags, _STRIP_ROWS, height), height), width
        offsets, lengths = tags.get(_STRIP_OFFSETS, _NO_VALUES), tags.get(_STRIP_BYTES, _NO_VALUES)
    if tall == 0 or wide == 0:
        raise InvalidImage("The TIFF data hold no picture")
    if tall * wide > max(height * width, _SMALL_PIXELS):
        raise InvalidImage("The TIFF data have tiles that are larger than the picture")
    parts = ceil(height / tall) * ceil(width / wide) * planes
    if not len(offsets) == len(lengths) == parts:
        raise _cut_off()
    ends = offsets.astype(np.int64) + lengths
    if ends.max() > len(data) or not lengths.all():
        raise _cut_off()
    row = ceil(width * bits * samples // planes / 8)
    if (
        _only(tags, _COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED
        and lengths.sum(dtype=np.int64) < row * height * planes
    ):
        raise _cut_off()


def _cut_off() -> InvalidImage:
    return InvalidImage("The TIFF data are cut off")
