"""HEIC and AVIF: their structure is read with bounded work and memory."""

import struct
from unittest.mock import patch

import pytest

from models.errors import InvalidImage
from models.imaging import av1, heif
from models.imaging.av1 import FrameSizes
from models.imaging.heif import read_avif
from models.imaging.structure import Structure
from tests.unit.models.imaging.memory import allocating_at_most

# A unit of AV1 without content.
UNIT = b"\x12\x00"


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name) + content


def avif(items: list[list[tuple[int, int]]], stream: bytes, properties: list[tuple[int, bytes]] | None = None) -> bytes:
    """An AVIF file of 8 x 8 pixels.

    Args:
        items: where the data of each item are, from the start of `stream`: (position, length). The
            first is the picture.
        stream: the data.
        properties: the number of an item, and the numbers of its properties.
    """

    def meta(start: int) -> bytes:
        numbers = range(1, len(items) + 1)
        kinds = b"".join(box(b"infe", struct.pack(">IHH4s", 2 << 24, item, 0, b"av01")) for item in numbers)
        places = b"".join(
            struct.pack(">HHH", item, 0, len(spans)) + b"".join(struct.pack(">II", start + at, n) for at, n in spans)
            for item, spans in zip(numbers, items, strict=True)
        )
        given = [(1, b"\x01")] if properties is None else properties
        of_items = b"".join(struct.pack(">HB", item, len(content)) + content for item, content in given)
        return box(
            b"meta",
            bytes(4),
            box(b"pitm", struct.pack(">IH", 0, 1)),
            box(b"iinf", struct.pack(">IH", 0, len(items)), kinds),
            box(b"iloc", struct.pack(">IBBH", 0, 0x44, 0, len(items)), places),
            box(
                b"iprp",
                box(b"ipco", box(b"ispe", struct.pack(">III", 0, 8, 8))),
                box(b"ipma", struct.pack(">II", 0, len(given)), of_items),
            ),
        )

    kind = box(b"ftyp", b"avif\0\0\0\0avif")
    return kind + meta(len(kind) + len(meta(0)) + 8) + box(b"mdat", stream)


def test_items_that_are_equal_can_have_the_same_data() -> None:
    stream = UNIT * 1000
    assert read_avif(avif([[(0, len(stream))]] * 50, stream)) == Structure(8, 8, pixel_bytes=4, orientation=1)


@pytest.mark.parametrize(
    "items",
    [[[(0, 100_000)] * 1000], [[(at, 100_000 - at)] for at in range(1000)]],
    ids=["of an item", "of many items"],
)
def test_parts_that_have_more_bytes_than_the_file_are_refused_unread(items: list[list[tuple[int, int]]]) -> None:
    data = avif(items, UNIT * 50_000)
    with (
        allocating_at_most(10 * len(data)),
        patch.object(FrameSizes, "of", side_effect=AssertionError),
        pytest.raises(InvalidImage, match="AVIF header is broken"),
    ):
        read_avif(data)


def test_a_part_that_starts_behind_the_end_is_cut_off() -> None:
    with pytest.raises(InvalidImage, match="cut off"):
        read_avif(avif([[(1_000_000, 0)]], UNIT))


def test_units_are_counted_over_all_items() -> None:
    with pytest.raises(InvalidImage, match="more than 10000 segments"):
        read_avif(avif([[(200 * item, 200)] for item in range(150)], UNIT * 15_000))


def test_properties_of_other_items_are_not_read() -> None:
    data = avif([[(0, 2)]], UNIT, [(2, bytes(255))] * 1_999 + [(1, b"\x01")])
    number = heif._Reader.number
    with patch.object(heif._Reader, "number", autospec=True, side_effect=number) as reads:
        assert read_avif(data).width == 8
    assert reads.call_count < 10_000


def test_a_picture_of_endless_properties_is_refused() -> None:
    with pytest.raises(InvalidImage, match="more than 2000 items"):
        read_avif(avif([[(0, 2)]], UNIT, [(1, bytes(255))] * 1_999))


@pytest.mark.parametrize("items", [[[(0, 2)]] * 2001, [[(0, 1)] * 2001]], ids=["items", "parts of an item"])
def test_a_picture_of_thousands_of_items_is_refused(items: list[list[tuple[int, int]]]) -> None:
    with pytest.raises(InvalidImage, match="more than 2000 items"):
        read_avif(avif(items, UNIT))


def test_sequence_headers_are_read_once_if_they_are_equal() -> None:
    stream = b"".join(unit(1, sequence_header(8, 8)) for _ in range(1000))
    with patch.object(av1, "_frame_size", side_effect=av1._frame_size) as reads:
        assert read_avif(avif([[(0, len(stream))]], stream)).width == 8
    assert reads.call_count == 1


def test_a_stream_of_endless_sequence_headers_is_refused() -> None:
    stream = b"".join(unit(1, sequence_header(8, 8) + struct.pack(">H", index)) for index in range(1000))
    with pytest.raises(InvalidImage, match="more than 100 different sequence headers"):
        read_avif(avif([[(0, len(stream))]], stream))


def unit(kind: int, content: bytes) -> bytes:
    return bytes((kind << 3 | 2, len(content))) + content


def sequence_header(width: int, height: int) -> bytes:
    """The short one of still pictures (AV1, 5.5.1)."""
    bits = f"0001100000{15:04b}{15:04b}{width - 1:016b}{height - 1:016b}"
    return int(bits.ljust(56, "0"), 2).to_bytes(7, "big")
