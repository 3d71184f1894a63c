"""The structure of a JPEG, read without decoding: its segments, and whether its scans are complete.

Source: ITU-T T.81, annexes B and G.
"""

import re
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.errors import InvalidImage
from models.imaging.jpeg_scans import FRAMES, SCAN_SEGMENTS, Scans
from models.imaging.structure import MOST_SEGMENTS, Structure, too_many_segments

_FILL = re.compile(b"\xff+")
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
# Baseline, extended and lossless: one scan can give all components.
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC3})
_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
# A decoder visits every pixel for each scan of a progressive file: ten are usual, and a few bytes can make thousands.
_MOST_SCANS = 100
# What follows 0xFF in entropy-coded data is no marker if it is 0, a restart or another 0xFF.
_ENDS_DATA = np.ones(256, bool)
_ENDS_DATA[[0x00, 0xFF, *range(0xD0, 0xD8)]] = False
_COEFFICIENTS = 64
_NO_BITS = 255


def read_jpeg(data: bytes, *, bounded: bool = True) -> Structure:
    """Read all segments up to the end of the only scan, or of the last one.

    A file of one scan says nothing about how many rows the scan has: `Structure.scan_end` lets the decoder find out.
    A file of several scans is refused unless these give each coefficient to the last bit, and have all rows. `Scans`
    says what it does not notice.

    Args:
        data: the file.
        bounded: see `Scans`.

    Raises:
        InvalidImage: a broken header, too many segments or scans, or data that are cut off.
    """
    markers = _markers(data)
    if np.count_nonzero(np.frombuffer(data, np.uint8)[markers + 1] == _SCAN) > _MOST_SCANS:
        raise InvalidImage(f"The JPEG data have more than {_MOST_SCANS} scans")
    structure, progress, scans = Structure(0, 0), _Progress(0, b""), Scans(bounded=bounded)
    for marker, start, end, scan_end in _segments(data, markers):
        if marker in SCAN_SEGMENTS:
            scans.add(marker, data[start:end])
        if marker in FRAMES:
            # As libjpeg: one frame, with three bytes for each component. Otherwise reading frames could take long.
            if progress.frame or end - start != 6 + 3 * data[start + 5]:
                raise InvalidImage("The JPEG header is broken")
            height, width = struct.unpack_from(">HH", data, start + 1)
            structure = Structure(width, height, structure.exif)
            progress = _Progress(marker, data[start + 5 : end])
        elif marker == _APP1 and not structure.exif and data.startswith(b"Exif\0\0", start):
            structure = Structure(structure.width, structure.height, data[start:end])
        elif marker == _SCAN:
            if progress.is_only_scan(data[start:end]):
                return Structure(structure.width, structure.height, structure.exif, scan_end)
            progress.add(data[start:end])
            if not scans.is_whole(data[start:end], data[end:scan_end]):
                raise InvalidImage("The JPEG data are cut off")
    if not progress.is_complete:
        raise InvalidImage("The JPEG data are cut off")
    return structure


class _Progress:
    """Which bits of the coefficients the scans so far have given.

    Args:
        frame: its marker.
        components: the number of the components, then three bytes for each, the first of which is its id.
    """

    def __init__(self, frame: int, components: bytes) -> None:
        self._frame = frame
        self._rows = {identifier: row for row, identifier in enumerate(components[1::3])}
        self._missing_bits = np.full((len(self._rows), _COEFFICIENTS), _NO_BITS, np.uint8)

    @property
    def frame(self) -> int:
        """The marker of the frame; 0 before there is one."""
        return self._frame

    @property
    def is_complete(self) -> bool:
        """Whether no bit of any coefficient is missing."""
        return not self._missing_bits.any()

    def is_only_scan(self, header: bytes) -> bool:
        """Whether a scan gives everything, so that no other can follow; a decoder needs no end marker then."""
        return self._frame in _SEQUENTIAL and header[0] == len(self._rows)

    def add(self, header: bytes) -> None:
        """Count what a scan gives (T.81, B.2.3)."""
        count = header[0]
        first, last, bits = struct.unpack_from("3B", header, 1 + 2 * count)
        if self._frame & 3 != 2:  # not progressive
            first, last, bits = 0, _COEFFICIENTS - 1, 0
        for identifier in header[1 : 1 + 2 * count : 2]:
            if identifier in self._rows:
                self._missing_bits[self._rows[identifier], first : last + 1] = bits & 0x0F


def _markers(data: bytes) -> NDArray[np.int64]:
    """Where entropy-coded data would end: the positions of all markers but restarts, and of bytes that look so."""
    values = np.frombuffer(data, np.uint8)
    found = np.flatnonzero(values[:-1] == 0xFF)
    return np.asarray(found[_ENDS_DATA[values[found + 1]]], np.int64)


def _next_marker(markers: NDArray[np.int64], position: int) -> int:
    """The position of the first marker from a position on."""
    index = int(markers.searchsorted(position))
    if index == len(markers):
        raise InvalidImage("The JPEG data are cut off")
    return int(markers[index])


def _segments(data: bytes, markers: NDArray[np.int64]) -> Iterator[tuple[int, int, int, int]]:
    """The marker of each segment, start and end of its payload, and end of its scan, up to the end marker."""
    position = 2
    scans = 0
    for _ in range(MOST_SEGMENTS):
        fill = _FILL.match(data, position)
        if not fill:
            raise InvalidImage("The JPEG header is broken")
        marker = data[fill.end()]
        position = fill.end() + 1
        if marker == _END:
            if not scans:
                raise InvalidImage("The JPEG data hold no picture")
            return
        if marker in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:
            raise InvalidImage("The JPEG header is broken")
        start, end = position + 2, position + length
        position = end
        if marker == _SCAN:
            scans += 1
            position = _next_marker(markers, end)
        yield marker, start, end, position
    raise too_many_segments("JPEG")
