"""TIFF: its structure is read with bounded work and memory."""

import struct

import pytest

from models.errors import InvalidImage
from models.imaging.tiff import read_tiff
from tests.unit.models.imaging.memory import allocating_at_most

_READ_TAGS = (256, 257, 258, 259, 273, 277, 278, 279, 284, 322, 323, 324, 325, 339)


def tiff(entries: list[tuple[int, int, int, int]], size: int = 0) -> bytes:
    """A TIFF of these entries (tag, type, number of values, value or position), filled up to a size."""
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    return (head + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)).ljust(size, b"\1")


def test_a_tiff_with_a_tag_twice_is_refused() -> None:
    whole = [(256, 3, 1, 1), (257, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1)]
    assert read_tiff(tiff(whole)).width == 1
    with pytest.raises(InvalidImage, match="TIFF header is broken"):
        read_tiff(tiff([*whole, (279, 4, 1, 1)]))


@pytest.mark.parametrize("left_out", [(), (258, 339), (258, 339, 277)])
@pytest.mark.parametrize("bytes_of_value", [1, 2, 4])
def test_tags_that_hold_the_whole_file_take_no_memory(left_out: tuple[int, ...], bytes_of_value: int) -> None:
    size = 1_000_000
    kind = {1: 1, 2: 3, 4: 4}[bytes_of_value]
    data = tiff([(tag, kind, size // bytes_of_value, 0) for tag in _READ_TAGS if tag not in left_out], size)
    with allocating_at_most(100_000), pytest.raises(InvalidImage):
        read_tiff(data)


def test_a_tiff_of_endless_tags_is_refused() -> None:
    with pytest.raises(InvalidImage, match="more than 10000 segments"):
        read_tiff(tiff([(40_000, 3, 1, 1)] * 10_001))
