import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from models.errors import ImageTooLarge, InvalidImage
from models.imaging import jpeg_scans
from models.imaging.decode import decode
from models.imaging.headers import check_pixels, read_header
from tests.unit.models.encoded import encode, noise

PHOTO = noise(160, 120)
PROGRESSIVE = {
    "large blocks": encode(PHOTO, "JPEG", progressive=True, subsampling=2),
    "wide blocks": encode(PHOTO, "JPEG", progressive=True, subsampling=1),
    "small blocks": encode(PHOTO, "JPEG", progressive=True, subsampling=0),
    "grey": encode(PHOTO.convert("L"), "JPEG", progressive=True),
    "cmyk": encode(PHOTO.convert("CMYK"), "JPEG", progressive=True),
    "first picture of two": encode(PHOTO, "MPO", save_all=True, append_images=[PHOTO], progressive=True),
    "restarts": encode(PHOTO, "JPEG", progressive=True, restart_marker_rows=2),
    "restarts after each unit": encode(PHOTO, "JPEG", progressive=True, restart_marker_blocks=1),
}
_DHT, _SOS, _EOI = 0xC4, 0xDA, 0xD9


@pytest.mark.parametrize("name", PROGRESSIVE)
@pytest.mark.parametrize("rows", [0, 0.1, 0.5, 0.9, 0.98])
def test_a_progressive_jpeg_with_rows_cut_off_is_refused_whatever_its_end_marker_says(
    name: str, rows: float, capfd: pytest.CaptureFixture[str]
) -> None:
    data = PROGRESSIVE[name]
    assert decode(data).shape == (120, 160, 3)
    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        decode(with_scans(data, lambda _, scan: scan[: round(len(scan) * rows)]))
    capfd.readouterr()  # libjpeg's own words


@pytest.mark.parametrize("name", PROGRESSIVE)
def test_a_cut_of_the_first_scan_alone_is_noticed(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        read_header(
            with_scans(PROGRESSIVE[name], lambda index, scan: scan[: len(scan) * 9 // 10] if not index else scan)
        )
    capfd.readouterr()  # libjpeg's own words


@pytest.mark.parametrize("index", range(10))
def test_a_scan_without_a_restart_interval_in_its_middle_is_refused(index: int) -> None:
    def without_one(number: int, scan: bytes) -> bytes:
        first, second = scan.index(b"\xff\xd1"), scan.index(b"\xff\xd2")
        return scan[:first] + scan[second:] if number == index else scan

    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        read_header(with_scans(PROGRESSIVE["restarts"], without_one))


@pytest.mark.parametrize("interval", range(4))
def test_a_restart_interval_that_ends_early_is_noticed(interval: int, capfd: pytest.CaptureFixture[str]) -> None:
    def shortened(number: int, scan: bytes) -> bytes:
        if number:
            return scan
        ends = [*(scan.index(bytes((0xFF, 0xD0 + index))) for index in range(3)), len(scan)]
        return scan[: ends[interval] - 40] + scan[ends[interval] :]

    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        read_header(with_scans(PROGRESSIVE["restarts"], shortened))
    capfd.readouterr()  # libjpeg's own words


@pytest.mark.parametrize("index", range(10))
def test_an_empty_scan_is_refused(index: int) -> None:
    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        read_header(with_scans(PROGRESSIVE["large blocks"], lambda number, scan: b"" if number == index else scan))


def test_an_ac_scan_that_ends_early_leaves_all_rows() -> None:
    data = PROGRESSIVE["large blocks"]
    cut = with_scans(data, lambda index, scan: scan[: len(scan) // 2] if index == 1 else scan)
    lower = decode(cut)[80:].astype(int)
    assert np.abs(lower - decode(data)[80:]).max() > 20
    assert all(row.std() > 5 for row in lower)


@given(
    picture=st.sampled_from(["noise", "white", "black", "half"]),
    size=st.tuples(st.integers(1, 150), st.integers(1, 150)),
    mode=st.sampled_from(["RGB", "L", "CMYK"]),
    quality=st.integers(1, 100),
    subsampling=st.integers(0, 2),
    interval=st.sampled_from([0, 0, 1, 2, 3, 7, 8, 9, 50, 65_535]),
)
def test_no_whole_progressive_jpeg_is_refused(
    picture: str, size: tuple[int, int], mode: str, quality: int, subsampling: int, interval: int
) -> None:
    image = noise(*size) if picture in ("noise", "half") else Pillow.new("RGB", size, picture)
    if picture == "half":
        image.paste((255, 255, 255), (0, size[1] // 3, *size))
    data = encode(
        image.convert(mode),
        "JPEG",
        progressive=True,
        quality=quality,
        subsampling=subsampling,
        restart_marker_blocks=interval,
    )
    header = read_header(data)
    assert (header.width, header.height) == size


@dataclass(frozen=True)
class PlainScan:
    """A scan of a flat picture: its components, their coefficients, the approximation, and bits for each block."""

    components: bytes
    first: int
    last: int
    approximation: int
    bits: int = 1


Y, CB, CR = b"\x01", b"\x02", b"\x03"
_AC = [PlainScan(component, 1, 63, 0) for component in (Y, CB, CR)]
_SEQUENTIAL = [PlainScan(component, 0, 63, 0, bits=2) for component in (Y, CB, CR)]
FLAT = {
    "one dc scan": (0xC2, [PlainScan(Y + CB + CR, 0, 0, 0), *_AC]),
    "a dc scan for each component": (0xC2, [*(PlainScan(component, 0, 0, 0) for component in (Y, CB, CR)), *_AC]),
    "a dc scan for both colours": (0xC2, [PlainScan(Y, 0, 0, 0), PlainScan(CB + CR, 0, 0, 0), *_AC]),
    "a dc scan and its refinement": (
        0xC2,
        [PlainScan(Y + CB + CR, 0, 0, 0x01), PlainScan(Y + CB + CR, 0, 0, 0x10), *_AC],
    ),
    "baseline": (0xC0, _SEQUENTIAL),
    "extended": (0xC1, _SEQUENTIAL),
    "baseline, both colours in a scan": (0xC0, [_SEQUENTIAL[0], PlainScan(CB + CR, 0, 63, 0, bits=2)]),
}
GRID = (300, 250)


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("interval", [0, 7, 50_000])
def test_each_division_into_scans_is_accepted_whole_and_refused_cut(
    name: str, interval: int, capfd: pytest.CaptureFixture[str]
) -> None:
    frame, scans = FLAT[name]
    assert (decode(flat(frame, scans, interval)) == 128).all()
    assert capfd.readouterr().err == ""
    for index, scan in enumerate(scans):
        if scan.first == 0:
            with pytest.raises(InvalidImage, match="JPEG data are cut off"):
                read_header(flat(frame, scans, interval, cut=index))
    capfd.readouterr()  # libjpeg's own words


def test_a_lossless_jpeg_with_rows_cut_off_is_refused() -> None:
    whole = flat(0xC3, [PlainScan(Y, 1, 0, 0)], side=1, components=Y)
    assert decode(whole).shape == (GRID[1], GRID[0], 3)
    with pytest.raises(InvalidImage, match="cannot be decoded"):
        decode(flat(0xC3, [PlainScan(Y, 1, 0, 0)], side=1, components=Y, cut=0))


@pytest.mark.parametrize("size", [(500, 500), (20_000, 20_000)])
def test_a_forged_size_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        read_header(with_size(PROGRESSIVE["large blocks"], *size))


def test_a_size_that_no_decoder_accepts_is_left_to_the_limit_of_pixels() -> None:
    header = read_header(with_size(PROGRESSIVE["large blocks"], 60_000, 60_000))
    with pytest.raises(ImageTooLarge):
        check_pixels(header, 50_000_000)


@pytest.mark.parametrize("components", [b"", b"\x09", Y * 5])
def test_a_scan_that_names_its_components_wrongly_is_refused(components: bytes) -> None:
    with pytest.raises(InvalidImage, match="JPEG header is broken"):
        read_header(flat(0xC2, [PlainScan(components, 0, 0, 0), *_AC]))


@pytest.mark.parametrize("repeated", [1, 30])
def test_the_probes_of_a_file_are_bounded_except_in_the_decoder(
    repeated: int, capfd: pytest.CaptureFixture[str]
) -> None:
    scans = [PlainScan(Y + CB + CR, 0, 0, 0)] * repeated + _AC
    large = flat(0xC2, scans, grid=(700, 700))
    with patch.object(jpeg_scans, "_decodes", side_effect=jpeg_scans._decodes) as probes:
        assert read_header(large).width == 5600
        blocks = sum(3 * call.args[1] for call in probes.call_args_list)
        assert 0 < blocks <= 3_000_000
        probes.reset_mock()
        read_header(large, bounded=False)
        assert probes.call_count == repeated
    capfd.readouterr()  # libjpeg's own words


def test_a_cut_that_the_header_does_not_show_is_noticed_by_the_decoder(capfd: pytest.CaptureFixture[str]) -> None:
    cut = flat(0xC0, _SEQUENTIAL, cut=0, grid=(900, 900))
    assert read_header(cut).width == 7200
    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        decode(cut)
    capfd.readouterr()  # libjpeg's own words


def test_a_jpeg_of_endless_tables_is_refused() -> None:
    data = PROGRESSIVE["grey"]
    frame = data.index(b"\xff\xc2")
    tables = segment(_DHT, bytes(17) * 3_800) * 3
    with pytest.raises(InvalidImage, match="more than 10000 segments"):
        read_header(data[:frame] + tables + data[frame:])


def test_a_second_frame_is_refused() -> None:
    data = PROGRESSIVE["grey"]
    frame = data.index(b"\xff\xc2")
    with pytest.raises(InvalidImage, match="JPEG header is broken"):
        read_header(data[:frame] + data[frame : frame + 13] + data[frame:])


def test_a_frame_with_more_bytes_than_its_components_have_is_refused() -> None:
    data = PROGRESSIVE["grey"]
    frame = data.index(b"\xff\xc2")
    longer = segment(0xC2, data[frame + 4 : frame + 13] + b"\x02\x11\x00" * 20_000)
    with pytest.raises(InvalidImage, match="JPEG header is broken"):
        read_header(data[:frame] + longer + data[frame + 13 :])


def test_sampling_factors_of_zero_are_refused() -> None:
    data = PROGRESSIVE["large blocks"]
    factors = data.index(b"\xff\xc2") + 11
    with pytest.raises(InvalidImage, match="JPEG header is broken"):
        read_header(data[:factors] + b"\0" + data[factors + 1 :])


def flat(
    frame: int,
    scans: list[PlainScan],
    interval: int = 0,
    *,
    cut: int | None = None,
    side: int = 8,
    components: bytes = Y + CB + CR,
    grid: tuple[int, int] = GRID,
) -> bytes:
    """A grey JPEG, in which each code is a bit: no difference, or the end of a block.

    Args:
        frame: the marker of the frame.
        scans: in their order.
        interval: of restarts, in units.
        cut: the scan of which the last fifth is missing.
        side: the pixels in a row or column of a block.
        components: their identifiers.
        grid: the blocks in a row and in a column.
    """
    width, height = grid
    code = bytes((1, *bytes(16)))
    parts = [
        b"\xff\xd8",
        segment(0xDB, bytes(1) + b"\x01" * 64),
        segment(_DHT, b"\x00" + code + b"\x10" + code),
        segment(
            frame,
            struct.pack(">BHHB", 8, height * side, width * side, len(components))
            + b"".join(bytes((name, 0x11, 0)) for name in components),
        ),
        segment(0xDD, struct.pack(">H", interval)),
    ]
    for index, scan in enumerate(scans):
        names = b"".join(bytes((name, 0)) for name in scan.components)
        rest = bytes((scan.first, scan.last, scan.approximation))
        parts.append(segment(_SOS, bytes((len(scan.components),)) + names + rest))
        data = flat_data(width * height, len(scan.components) * scan.bits, interval)
        parts.append(data[: len(data) * 4 // 5] if index == cut else data)
    return b"".join((*parts, b"\xff\xd9"))


def flat_data(units: int, bits: int, interval: int) -> bytes:
    """Zeros for some units, with restarts between them, and ones up to the next byte."""
    intervals = []
    for start in range(0, units, interval or units):
        length = bits * min(interval or units, units - start)
        intervals.append(bytes(length // 8) + (bytes((0xFF >> length % 8,)) if length % 8 else b""))
    return b"".join(
        part + (bytes((0xFF, 0xD0 + index % 8)) if index < len(intervals) - 1 else b"")
        for index, part in enumerate(intervals)
    )


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_scans(data: bytes, change: Callable[[int, bytes], bytes]) -> bytes:
    """A JPEG with other data in its scans, and an end marker. A lone 0xFF at their end is dropped."""
    parts, index = [b"\xff\xd8"], 0
    for marker, payload, scan in segments(data):
        parts.append(segment(marker, payload))
        if marker == _SOS:
            parts.append(change(index, scan).rstrip(b"\xff"))
            index += 1
    return b"".join((*parts, b"\xff\xd9"))


def with_size(data: bytes, width: int, height: int) -> bytes:
    size = data.index(b"\xff\xc2") + 5
    return data[:size] + struct.pack(">HH", height, width) + data[size + 4 :]


def segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The marker, payload and entropy-coded data of each segment."""
    position = 2
    while data[position + 1] != _EOI:
        marker, (length,) = data[position + 1], struct.unpack_from(">H", data, position + 2)
        end = position + 2 + length
        start = end
        if marker == _SOS:
            while data[end] != 0xFF or data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7:
                end += 1
        yield marker, data[position + 4 : start], data[start:end]
        position = end
