"""Whether a scan reaches the last row, in a JPEG of several scans.

libjpeg fills the blocks that a scan lacks with zeros, and reports it on stderr only. The rows of a progressive JPEG
come from its first DC scan. For each block, this scan has a Huffman code and the bits of a difference. The scan of a
lossless JPEG has the same for each pixel. So libjpeg can decode the DC scan as a small lossless picture, with one pixel
for each block. This picture, the probe, has no end marker: if data are missing, libjpeg asks for more bytes, and cv2
fails.

Source: ITU-T T.81, annexes A, B, G and H.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidImage
from models.imaging.structure import MOST_SEGMENTS, too_many_segments

_DQT, _DHT, _DRI, _SOS = 0xDB, 0xC4, 0xDD, 0xDA
_BASELINE, _EXTENDED, _PROGRESSIVE, _LOSSLESS = 0xC0, 0xC1, 0xC2, 0xC3
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of frames."""
SCAN_SEGMENTS = FRAMES | {_DHT, _DRI}
"""The markers of the segments by which scans are read."""
_HUFFMAN_FRAMES = frozenset({_BASELINE, _EXTENDED, _PROGRESSIVE})
_BLOCK = 8  # pixels
_MOST_BLOCKS = 10  # in a minimum coded unit (B.2.3)
_MOST_COMPONENTS = 4  # of a scan (B.2.3)
_LONGEST_SIDE = 65_500  # of a picture that libjpeg decodes
# cv2 decodes no picture with more. The probe has at most about one pixel in 64 of them.
_MOST_PIXELS = 1 << 30
# A probe takes ten microseconds or more, and a photo can have as many restart intervals as blocks.
_MOST_PROBES = 4
# Of the probes of a file together, where they are bounded: blocks and bytes. Each takes about 6 ns, so this is 20 ms.
_MOST_WORK = 3_000_000
# A sequential scan has all coefficients of a block.
_SEQUENTIAL_WORK = 4
# libjpeg reads up to eight bytes ahead. These are 0xFF: no Huffman code has ones only, so few blocks decode from them.
_LOOK_AHEAD = b"\xff\x00" * 8
_QUANTISATION = bytes(1) + b"\x01" * 64
# libjpeg converts no colours of a lossless JPEG: with these identifiers, the probe needs no conversion.
_IDENTIFIERS = {1: b"Y", 3: b"RGB", 4: b"CMYK"}

_Kind: TypeAlias = Literal["sequential", "dc", "dc refinement", "ac"]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The marker and the size of a frame.

    Attributes:
        sampling: how many blocks each component has in a unit: (beside, below each other), by its identifier.
        unit: the most of these numbers.
    """

    marker: int
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]
    unit: tuple[int, int]

    def units(self, beside: int, below: int) -> int:
        """The number of units in a scan: of blocks of a single component with this sampling, else of (1, 1)."""
        columns = math.ceil(math.ceil(self.width * beside / self.unit[0]) / _BLOCK)
        rows = math.ceil(math.ceil(self.height * below / self.unit[1]) / _BLOCK)
        return columns * rows


@dataclass(frozen=True, slots=True)
class _Scan:
    """How the data of a scan are read.

    Attributes:
        units: how many minimum coded units it has.
        sampling: how many blocks each of its components has in a unit: (beside, below each other).
        tables: the Huffman tables of each of its components.
        kind: which codes its data have; a refinement gives one bit more of each DC coefficient.
    """

    units: int
    sampling: list[tuple[int, int]]
    tables: bytes
    kind: _Kind


class Scans:
    """Checks scans with the frame, the Huffman tables and the restart interval of the segments before them.

    A scan is not whole if it is empty or lacks restart intervals. A DC scan of a progressive JPEG and any scan of a
    sequential one are not whole either if they end early. The last four blocks or so can be missing unnoticed: the
    look-ahead hides them. Of more than four restart intervals, four are checked for an early end, at equal distances
    from the first to the last.

    Not noticed are:
    - an AC scan of a progressive JPEG that ends early: all rows are there, the lower ones with less detail. The check
      would take as long as decoding the scan;
    - missing data of arithmetic coding, whose scans may leave out bytes at their end;
    - an early end of a scan of two components that has more than five blocks in a unit;
    - if bounded, an early end of scans of which the probes would take longer than `_MOST_WORK`.

    Args:
        bounded: whether the probes of a file take 20 ms at most, as in the API. A worker has the time for all of them.
    """

    def __init__(self, *, bounded: bool) -> None:
        self._bounded = bounded
        self._work = 0
        self._tables_read = 0
        self._frame = _Frame(0, 0, 0, {}, (1, 1))
        self._unread: list[tuple[int, bytes]] = []
        self._unread_tables: list[bytes] = []
        self._tables: dict[int, bytes] = {}
        self._restart_interval = 0

    def add(self, marker: int, payload: bytes) -> None:
        """Add one of `SCAN_SEGMENTS` before a scan."""
        # It is read with the scan: the only scan of most files is not checked here, and these take no time.
        self._unread.append((marker, payload))

    def is_whole(self, header: bytes, data: bytes) -> bool:
        """Whether a scan has all its data, as far as this class notices.

        Args:
            header: the header of the scan (B.2.3).
            data: its entropy-coded data.

        Raises:
            InvalidImage: a header that no decoder accepts.
        """
        self._read_segments()
        frame = self._frame
        if frame.marker not in _HUFFMAN_FRAMES:
            return True
        if not 0 < frame.width * frame.height <= _MOST_PIXELS:
            return True  # it is refused for its size
        first, _, bits = struct.unpack_from("3B", header, 1 + 2 * header[0])
        kind = _kind(frame, first, bits >> 4)
        if kind == "ac" and not self._restart_interval:
            return bool(data)
        scan = self._scan(header, kind)
        interval = self._restart_interval or scan.units
        count = math.ceil(scan.units / interval)
        restarts = _restarts(data)
        if len(restarts) + 1 < count:
            return False
        if kind == "ac":
            return bool(data)
        probed = range(count) if count <= _MOST_PROBES else np.linspace(0, count - 1, _MOST_PROBES).astype(int).tolist()
        for index in probed:
            start = restarts[index - 1] + 2 if index else 0
            end = restarts[index] if index < len(restarts) else len(data)
            if not self._reaches(min(interval, scan.units - index * interval), scan, data[start:end]):
                return False
        return True

    def _read_segments(self) -> None:
        for marker, payload in self._unread:
            if marker == _DHT:
                self._unread_tables.append(payload)
            elif marker == _DRI:
                (self._restart_interval,) = struct.unpack_from(">H", payload)
            else:
                self._frame = _read_frame(marker, payload)
        self._unread.clear()

    def _scan(self, header: bytes, kind: _Kind) -> _Scan:
        frame, count = self._frame, header[0]
        names, tables = header[1 : 1 + 2 * count : 2], header[2 : 2 + 2 * count : 2]
        if not 1 <= count <= _MOST_COMPONENTS or not set(names) <= frame.sampling.keys():
            raise InvalidImage("The JPEG header is broken")
        sampling = [frame.sampling[name] for name in names]
        # The unit of a single component is a block, whatever its sampling is (A.2.2).
        units = frame.units(*(sampling[0] if count == 1 else (1, 1)))
        return _Scan(units, [(1, 1)] if count == 1 else sampling, tables, kind)

    def _reaches(self, units: int, scan: _Scan, data: bytes) -> bool:
        """Whether data without restarts have so many units of a DC or sequential scan."""
        # Each block takes a bit or more. This also bounds the size of the probe by that of the data.
        if 8 * (len(data) - data.count(b"\xff\x00")) < units * _blocks(scan.sampling):
            return False
        if scan.kind == "dc refinement":
            return True
        work = units * _blocks(scan.sampling) + len(data)
        self._work += work if scan.kind == "dc" else work * _SEQUENTIAL_WORK
        if self._bounded and self._work > _MOST_WORK:
            return True
        sampling, tables = scan.sampling, scan.tables
        if len(sampling) == 2:  # cv2 decodes no picture of two components: two units become one of four components
            sampling, tables, units = sampling * 2, tables * 2, units // 2
        if units == 0 or _blocks(sampling) > _MOST_BLOCKS:
            return True
        if scan.kind == "dc" and not _decodes_lossless():
            return True
        self._read_tables()
        return _decodes(list(self._tables.values()), units, sampling, tables, scan.kind == "dc", data)

    def _read_tables(self) -> None:
        """Keep the last definition of each table."""
        for payload in self._unread_tables:
            position = 0
            while position < len(payload):
                self._tables_read += 1
                if self._tables_read > MOST_SEGMENTS:
                    raise too_many_segments("JPEG")
                end = position + 17 + sum(payload[position + 1 : position + 17])
                self._tables[payload[position]] = payload[position:end]
                position = end
        self._unread_tables.clear()


def _decodes(
    all_tables: Sequence[bytes],
    units: int,
    sampling: Sequence[tuple[int, int]],
    tables: bytes,
    lossless: bool,
    data: bytes,
) -> bool:
    """Whether the probe decodes: a picture that has these units in rows of any length."""
    beside, below = (max(numbers) for numbers in zip(*sampling, strict=True))
    side = 1 if lossless else _BLOCK
    rows = math.ceil(units * beside * side / _LONGEST_SIDE)
    names = _IDENTIFIERS[len(sampling)]
    frame = struct.pack(">BHHB", 8, rows * below * side, units // rows * beside * side, len(sampling))
    frame += b"".join(bytes((name, x << 4 | y, 0)) for name, (x, y) in zip(names, sampling, strict=True))
    scan = bytes((len(sampling),)) + b"".join(bytes(pair) for pair in zip(names, tables, strict=True))
    probe = b"".join(
        (
            b"\xff\xd8",
            *(_segment(_DHT, table) for table in all_tables),
            _segment(_DQT, _QUANTISATION),
            _segment(_LOSSLESS if lossless else _EXTENDED, frame),
            _segment(_SOS, scan + (b"\x01\x00\x00" if lossless else b"\x00\x3f\x00")),
            data,
            _LOOK_AHEAD,
        )
    )
    colour = cv2.IMREAD_UNCHANGED if lossless else cv2.IMREAD_REDUCED_COLOR_8
    return cv2.imdecode(np.frombuffer(probe, np.uint8), colour) is not None


@cache
def _decodes_lossless() -> bool:
    """Whether this build of cv2 decodes lossless JPEGs: libjpeg-turbo has done so since version 3."""
    # One pixel: its only code is a 0, for no difference.
    return _decodes([b"\x00\x01" + bytes(16)], 1, [(1, 1)], b"\x00", lossless=True, data=b"\x7f")


def _read_frame(marker: int, payload: bytes) -> _Frame:
    """Read the header of a frame (B.2.2)."""
    height, width = struct.unpack_from(">HH", payload, 1)
    components = zip(payload[6::3], payload[7::3], strict=False)
    sampling = {name: (both >> 4, both & 15) for name, both in components}
    numbers = [number for both in sampling.values() for number in both]
    if not numbers or not 1 <= min(numbers) <= max(numbers) <= 4:
        raise InvalidImage("The JPEG header is broken")
    return _Frame(marker, width, height, sampling, (max(numbers[0::2]), max(numbers[1::2])))


def _kind(frame: _Frame, first: int, known_bits: int) -> _Kind:
    """The kind of a scan that starts with this coefficient, and whose coefficients are known down to a bit (G.1.1)."""
    if frame.marker != _PROGRESSIVE:
        return "sequential"
    if first:
        return "ac"
    return "dc refinement" if known_bits else "dc"


def _blocks(sampling: list[tuple[int, int]]) -> int:
    """How many blocks a unit has."""
    return sum(beside * below for beside, below in sampling)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def _restarts(data: bytes) -> NDArray[np.int64]:
    """The positions of the restart markers."""
    values = np.frombuffer(data, np.uint8)
    return np.flatnonzero((values[:-1] == 0xFF) & (values[1:] & 0xF8 == 0xD0))
