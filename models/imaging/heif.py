"""The structure of HEIC and AVIF images, read without decoding: their boxes, items and properties.

Sources: ISO/IEC 14496-12 (boxes) and 23008-12 (items and properties). The EXIF block of such a file does not turn its
pixels: the properties `irot` and `imir` do (23008-12, 6.5.10 and 6.5.12).
"""

import itertools
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from models.errors import InvalidImage
from models.imaging.av1 import FrameSizes, Size
from models.imaging.structure import MOST_SEGMENTS, Structure, too_many_segments

Span: TypeAlias = tuple[int, int]
"""Where bytes start and end in the file."""
_Stream: TypeAlias = tuple[Span, ...]

_HEIC = frozenset({b"heic", b"heix"})
_AVIF = b"avif"
_SEQUENCES = frozenset({b"avis", b"hevc", b"hevx", b"msf1"})
# How to turn the pixels, as Exif says it, by the quarter turns to the left and the axis of the mirror.
_ORIENTATIONS = {
    (0, None): 1,
    (1, None): 8,
    (2, None): 3,
    (3, None): 6,
    (0, 0): 4,
    (1, 0): 5,
    (2, 0): 2,
    (3, 0): 7,
    (0, 1): 2,
    (1, 1): 7,
    (2, 1): 4,
    (3, 1): 5,
}
# Parts of a picture are decoded whole: those of a small picture may be larger than it is.
_SMALL_PIXELS = 1_000_000
# Of items, of the parts of their data, and of the properties of the picture. An item takes up to 20 microseconds. A
# picture of 50 megapixels in tiles of 256 x 256 pixels has 763.
_MOST_ITEMS = 2_000


def heif_format_of(data: bytes) -> Literal["heic", "avif"] | None:
    """`heic` or `avif` by the brands of the file; None if it has neither."""
    if data[4:8] != b"ftyp":
        return None
    brands = _brands(data)
    if _AVIF in brands or b"avis" in brands:
        return "avif"
    return "heic" if brands & (_HEIC | _SEQUENCES) else None


def read_heic(data: bytes) -> Structure:
    """Read the boxes of the primary item. The decoder crops it to its `clap` property."""
    return _read(data, "HEIC")


def read_avif(data: bytes) -> Structure:
    """Read the boxes of the primary item, and the sizes of all coded frames: the decoder does not compare them."""
    return _read(data, "AVIF")


def _brands(data: bytes) -> set[bytes]:
    (length,) = struct.unpack_from(">I", data, 0)
    return {data[8:12], *(data[start : start + 4] for start in range(16, min(length, len(data), 256), 4))}


def _read(data: bytes, kind: str) -> Structure:
    # A decoder may take the first frame of the sequence instead of the picture, and the two have sizes of their own.
    if data[8:12] in _SEQUENCES:
        raise InvalidImage(f"The {kind} data are a sequence of pictures: send one picture")
    items = _read_items(data, kind)
    coded, width, height, orientation = items.primary_picture(cropped=kind == "HEIC")
    if any(not start <= end <= len(data) for spans in items.spans.values() for start, end in spans):
        raise InvalidImage(f"The {kind} data are cut off")
    frames = _av1_frames(data, items, kind)
    if any(frame != (width, height) for frame in frames.get(items.stream(items.primary), set())):
        raise InvalidImage(f"The {kind} picture has another size than its header says")
    sizes = itertools.chain(items.sizes, *frames.values())
    if any(tall * wide > max(coded, _SMALL_PIXELS) for wide, tall in sizes):
        raise InvalidImage(f"The {kind} data have a picture that is larger than the main one")
    # With alpha, which is an item of its own.
    return Structure(width, height, orientation=orientation, pixel_bytes=4)


def _av1_frames(data: bytes, items: "_Items", kind: str) -> dict[_Stream, set[Size]]:
    """The frame sizes of each AV1 stream. Items that are equal can have the same stream, which is read once."""
    streams = {items.stream(item) for item in items.spans} - {()}
    # Different streams of a valid file share no bytes. Without this bound, a small file could take gigabytes.
    if sum(end - start for stream in streams for start, end in stream) > len(data):
        raise InvalidImage(f"The {kind} header is broken")
    sizes = FrameSizes()
    return {stream: sizes.of(b"".join(data[start:end] for start, end in stream)) for stream in streams}


@dataclass(frozen=True, slots=True)
class _Items:
    """The items of a file.

    Attributes:
        primary: the item that is the picture.
        properties: all of them, numbered from 1: names and contents.
        of_primary: the numbers of the properties of the primary item, in order.
        kinds: of the items, for example `av01` or `grid`.
        spans: where the data of the items are.
    """

    primary: int
    properties: list[tuple[bytes, bytes]]
    of_primary: list[int]
    kinds: Mapping[int, bytes]
    spans: Mapping[int, list[Span]]

    def stream(self, item: int) -> _Stream:
        """Where the AV1 data of an item are; nowhere if it has other data."""
        return tuple(self.spans.get(item, ())) if self.kinds.get(item) == b"av01" else ()

    @property
    def sizes(self) -> list[Size]:
        """The widths and heights of all pictures and their parts."""
        return [_extents(content) for name, content in self.properties if name == b"ispe"]

    def primary_picture(self, *, cropped: bool) -> tuple[int, int, int, int]:
        """Coded pixels, width, height and orientation of the primary item."""
        width = height = coded = turns = 0
        axis = None
        for number in self.of_primary:
            if not 1 <= number <= len(self.properties):
                continue
            name, content = self.properties[number - 1]
            if name == b"ispe":
                width, height = _extents(content)
                coded = width * height
            elif name == b"clap" and cropped:
                width, height = _clean_aperture(content, width, height)
            elif name == b"irot":
                turns = content[0] & 3
            elif name == b"imir":
                axis = content[0] & 1
        return coded, width, height, _ORIENTATIONS[turns, axis]


def _extents(content: bytes) -> Size:
    width, height = struct.unpack_from(">II", content, 4)
    return width, height


def _clean_aperture(content: bytes, width: int, height: int) -> tuple[int, int]:
    """The size that is left of a picture (14496-12, 12.1.4)."""
    wide, wide_by, tall, tall_by = struct.unpack_from(">4I", content)
    if wide_by == 0 or tall_by == 0 or not (0 < wide // wide_by <= width and 0 < tall // tall_by <= height):
        raise InvalidImage("The HEIC picture is cropped to a part that it does not have")
    return wide // wide_by, tall // tall_by


def _boxes(data: bytes, span: Span, kind: str) -> Iterator[tuple[bytes, Span]]:
    """The names of the boxes in a part of the file, and where their contents are."""
    position, end = span
    for _ in range(MOST_SEGMENTS):
        if position + 8 > end:
            return
        length, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        position = end if length == 0 else position + length
        if not start <= position:
            raise InvalidImage(f"The {kind} header is broken")
        yield name, (start, position)
    raise too_many_segments(kind)


def _read_items(data: bytes, kind: str) -> _Items:
    for name, (start, end) in _boxes(data, (0, len(data)), kind):
        if name == b"meta":
            if end > len(data):
                raise InvalidImage(f"The {kind} data are cut off")
            return _read_meta(data, (start + 4, end), kind)
    raise InvalidImage(f"The {kind} data hold no picture")


def _read_meta(data: bytes, span: Span, kind: str) -> _Items:
    boxes = dict(_boxes(data, span, kind))
    if not boxes.keys() >= {b"pitm", b"iloc", b"iprp", b"iinf"}:
        raise InvalidImage(f"The {kind} data hold no picture")
    reader = _Reader(data, *boxes[b"pitm"])
    primary = reader.number(4 if reader.version_and_flags()[0] else 2)
    inner = dict(_boxes(data, boxes[b"iprp"], kind))
    if not inner.keys() >= {b"ipco", b"ipma"}:
        raise InvalidImage(f"The {kind} data hold no picture")
    properties = [(name, data[start:end]) for name, (start, end) in _boxes(data, inner[b"ipco"], kind)]
    held = boxes.get(b"idat", (0, 0))
    return _Items(
        primary,
        properties,
        _properties_of(primary, _Reader(data, *inner[b"ipma"])),
        dict(_kinds(data, boxes[b"iinf"], kind)),
        _locations(_Reader(data, *boxes[b"iloc"]), held, len(data), kind),
    )


class _Reader:
    """Reads whole numbers of any size from a box, one after another."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._position, self._end = data, start, min(end, len(data))

    def number(self, size: int) -> int:
        """The next `size` bytes."""
        end = self._position + size
        if end > self._end:
            raise IndexError("the box is too short")
        value = int.from_bytes(self._data[self._position : end], "big")
        self._position = end
        return value

    def skip(self, size: int) -> None:
        """Leave out the next `size` bytes."""
        self._position += size
        if self._position > self._end:
            raise IndexError("the box is too short")

    def version_and_flags(self) -> Span:
        """How a box begins that has versions."""
        return self.number(1), self.number(3)


def _kinds(data: bytes, span: Span, kind: str) -> Iterator[tuple[int, bytes]]:
    """The kind of each item, from `iinf`; entries of before version 2 have none."""
    reader = _Reader(data, *span)
    version, _ = reader.version_and_flags()
    head = 8 if version else 6
    for index, (name, (start, end)) in enumerate(_boxes(data, (span[0] + head, span[1]), kind)):
        _bounded(index + 1)
        entry = _Reader(data, start, end)
        version, _ = entry.version_and_flags()
        if name == b"infe" and version >= 2:
            item, _ = entry.number(4 if version > 2 else 2), entry.number(2)
            yield item, entry.number(4).to_bytes(4, "big")


def _properties_of(primary: int, reader: _Reader) -> list[int]:
    """The numbers of the properties of an item, from `ipma`."""
    version, flags = reader.version_and_flags()
    wide = flags & 1
    found: list[int] = []
    for _ in range(_bounded(reader.number(4))):
        item, count = reader.number(4 if version else 2), reader.number(1)
        if item != primary:
            reader.skip(count * (2 if wide else 1))
            continue
        _bounded(len(found) + count)
        found += [reader.number(2) & 0x7FFF if wide else reader.number(1) & 0x7F for _ in range(count)]
    return found


def _locations(reader: _Reader, held: Span, length: int, kind: str) -> dict[int, list[Span]]:
    """Where the data of the items are, from `iloc`: in the file, or in the box `idat`."""
    version, _ = reader.version_and_flags()
    sizes, bases = reader.number(1), reader.number(1)
    found: dict[int, list[Span]] = {}
    extents = 0
    for _ in range(_bounded(reader.number(4 if version == 2 else 2))):
        item = reader.number(4 if version == 2 else 2)
        method = reader.number(2) & 0xF if version else 0
        if reader.number(2) or method > 1:
            raise InvalidImage(f"The {kind} image is spread over several files")
        base = reader.number(bases >> 4) + (held[0] if method else 0)
        count = reader.number(2)
        extents = _bounded(extents + count)
        spans = found.setdefault(item, [])
        for _ in range(count):
            if version:
                reader.number(bases & 0xF)
            start, size = base + reader.number(sizes >> 4), reader.number(sizes & 0xF)
            spans.append((start, start + size if size else length))
    return found


def _bounded(count: int) -> int:
    if count > _MOST_ITEMS:
        raise InvalidImage(f"The HEIC or AVIF data have more than {_MOST_ITEMS} items, or parts or properties of one")
    return count
