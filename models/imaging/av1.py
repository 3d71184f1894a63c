"""The frame sizes of AV1 data, read without decoding.

Source: AV1 Bitstream & Decoding Process Specification, 5.3 (units), 5.5 (sequence header), 4.10 (numbers).
"""

from typing import TypeAlias

from models.errors import InvalidImage
from models.imaging.structure import MOST_SEGMENTS, too_many_segments

Size: TypeAlias = tuple[int, int]
"""Width and height."""

_SEQUENCE_HEADER = 1
# More than the numbers up to the frame size can have.
_HEADER_BYTES = 256
# The tiles of a picture have equal headers. Reading one takes up to 50 microseconds.
_MOST_HEADERS = 100


class FrameSizes:
    """Reads the frame sizes of the streams of one file, in bounded time for all of them together."""

    def __init__(self) -> None:
        self._units = 0
        self._sizes: dict[bytes, Size] = {}

    def of(self, stream: bytes) -> set[Size]:
        """The sizes that the sequence headers of a stream allow; frames may be smaller, but not larger.

        Raises:
            InvalidImage: a unit is broken, or there are too many units or sequence headers.
        """
        found: set[Size] = set()
        position = 0
        while position < len(stream):
            self._units += 1
            if self._units > MOST_SEGMENTS:
                raise too_many_segments("AV1")
            head = stream[position]
            position += 2 if head & 4 else 1
            length, position = _length(stream, position) if head & 2 else (len(stream) - position, position)
            if head & 0x80 or position + length > len(stream):
                raise InvalidImage("The AV1 data are broken")
            if head >> 3 == _SEQUENCE_HEADER:
                found.add(self._size(stream[position : position + min(length, _HEADER_BYTES)]))
            position += length
        return found

    def _size(self, header: bytes) -> Size:
        if header not in self._sizes:
            if len(self._sizes) == _MOST_HEADERS:
                raise InvalidImage(f"The AV1 data have more than {_MOST_HEADERS} different sequence headers")
            self._sizes[header] = _frame_size(_Bits(header))
        return self._sizes[header]


def _length(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits per byte, and the position behind it (4.10.5)."""
    value = 0
    for index in range(8):
        byte = data[position + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise InvalidImage("The AV1 data are broken")


class _Bits:
    """Reads numbers of any width, one after another."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def number(self, width: int) -> int:
        """The next `width` bits."""
        self._left -= width
        if self._left < 0:
            raise InvalidImage("The AV1 data are broken")
        return self._value >> self._left & ((1 << width) - 1)

    def variable(self) -> int:
        """A number that says its own width (4.10.3)."""
        zeros = 0
        while not self.number(1):
            zeros += 1
        return self.number(zeros) if zeros < 32 else 0


def _frame_size(bits: _Bits) -> Size:
    bits.number(4)  # profile, still picture
    if bits.number(1):  # the short header of still pictures
        bits.number(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.number(4) + 1, bits.number(4) + 1
    return bits.number(width_bits) + 1, bits.number(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.number(1):  # timing
        bits.number(64)
        if bits.number(1):
            bits.variable()
        if bits.number(1):  # the model of a decoder
            delay_bits = bits.number(5) + 1
            bits.number(42)
    has_delays = bits.number(1)
    for _ in range(bits.number(5) + 1):
        bits.number(12)
        if bits.number(5) > 7:  # the level; from here on there is a tier
            bits.number(1)
        if delay_bits and bits.number(1):
            bits.number(2 * delay_bits + 1)
        if has_delays and bits.number(1):
            bits.number(4)
