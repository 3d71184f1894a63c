import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.imaging.exif import orientation_of
from tests.unit.models.encoded import oriented


def tiff(order: str, value: int, entries_before: int = 0) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    entries = [struct.pack(f"{order}HHII", 0x010F + n, 4, 1, 0) for n in range(entries_before)]
    entries.append(struct.pack(f"{order}HHIHH", 0x0112, 3, 1, value, 0))
    return mark + struct.pack(f"{order}HIH", 42, 8, len(entries)) + b"".join(entries)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_are_read(order: str, value: int) -> None:
    assert orientation_of(tiff(order, value)) == value


def test_the_tag_is_found_behind_others_and_with_the_prefix_of_jpeg() -> None:
    assert orientation_of(b"Exif\0\0" + tiff(">", 6, entries_before=3)) == 6


@pytest.mark.parametrize("value", range(1, 9))
def test_what_pillow_writes_is_read(value: int) -> None:
    assert orientation_of(oriented(value)) == value


@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"II*\0", tiff("<", 0), tiff("<", 9), tiff("<", 6)[:-8]])
def test_missing_foreign_and_cut_off_blocks_mean_upright(block: bytes) -> None:
    assert orientation_of(block) == 1


@given(st.binary(max_size=80))
def test_garbage_never_fails(block: bytes) -> None:
    assert 1 <= orientation_of(b"II*\0" + block) <= 8
