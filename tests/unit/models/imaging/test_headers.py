import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from models.errors import ImageTooLarge, InvalidImage
from models.imaging.headers import ImageHeader, check_decoded_bytes, check_pixels, orientation_of, read_header
from tests.unit.models.encoded import encode, noise, oriented

RGB = noise(13, 7)
FILES = {
    "jpeg": ("jpeg", encode(RGB, "JPEG")),
    "progressive jpeg": ("jpeg", encode(RGB, "JPEG", progressive=True)),
    "grey jpeg": ("jpeg", encode(RGB.convert("L"), "JPEG")),
    "cmyk jpeg": ("jpeg", encode(RGB.convert("CMYK"), "JPEG")),
    "mpo": ("jpeg", encode(RGB, "MPO", save_all=True, append_images=[noise(13, 7)])),
    "png": ("png", encode(RGB, "PNG")),
    "palette png": ("png", encode(RGB.quantize(4), "PNG")),
    "animated png": ("png", encode(RGB, "PNG", save_all=True, append_images=[noise(13, 7)])),
    "bmp": ("bmp", encode(RGB, "BMP")),
    "palette bmp": ("bmp", encode(RGB.quantize(4), "BMP")),
    "bmp of one bit": ("bmp", encode(RGB.convert("1"), "BMP")),
    "webp": ("webp", encode(RGB, "WEBP")),
    "lossless webp": ("webp", encode(RGB, "WEBP", lossless=True)),
    "transparent webp": ("webp", encode(noise(13, 7, "RGBA"), "WEBP")),
    "animated webp": ("webp", encode(RGB, "WEBP", save_all=True, append_images=[noise(13, 7).rotate(180)])),
}


@pytest.mark.parametrize("name", FILES)
def test_format_and_size_are_read_from_the_bytes(name: str) -> None:
    kind, data = FILES[name]
    header = read_header(data)
    assert (header.format, header.width, header.height, header.orientation) == (kind, 13, 7, 1)


@pytest.mark.parametrize("name", FILES)
def test_no_part_of_a_file_passes_for_the_whole(name: str) -> None:
    _, data = FILES[name]
    end = len(data)
    if name == "mpo":  # the first picture counts, and it ends before the second begins
        end = data.index(b"\xff\xd9", data.index(b"\xff\xda"))
    for length in range(end):
        with pytest.raises(InvalidImage):
            read_header(data[:length])


@pytest.mark.parametrize("name", FILES)
def test_bytes_behind_the_end_do_no_harm(name: str) -> None:
    _, data = FILES[name]
    assert read_header(data + b"trailing") == read_header(data)


@given(st.sampled_from(sorted(FILES)), st.data())
@settings(max_examples=400)
def test_damage_is_survived_or_refused(name: str, draw: st.DataObject) -> None:
    data = bytearray(FILES[name][1])
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, min(len(data), 200) - 1))] = draw.draw(st.integers(0, 255))
    try:
        header = read_header(bytes(data))
    except InvalidImage:
        return
    assert header.width > 0
    assert header.height > 0


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(["JPEG", "PNG", "BMP", "WEBP"]))
@settings(max_examples=60)
def test_sizes_agree_with_pillow(width: int, height: int, kind: str) -> None:
    header = read_header(encode(Pillow.new("RGB", (width, height)), kind))
    assert (header.width, header.height) == (width, height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_the_size(kind: str, orientation: int) -> None:
    header = read_header(encode(RGB, kind, exif=oriented(orientation)))
    assert (header.width, header.height, header.orientation) == (13, 7, orientation)
    assert header.upright_size == ((13, 7) if orientation >= 5 else (7, 13))


def test_exif_behind_the_pixels_of_a_png_counts() -> None:
    data = FILES["png"][1]
    block = b"eXIf" + oriented(6).removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
    assert read_header(data[:-12] + chunk + data[-12:]).orientation == 6


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"no image", *(encode(RGB, k) for k in ("GIF", "PPM"))])
def test_foreign_formats_are_named_as_such(data: bytes) -> None:
    with pytest.raises(InvalidImage, match="no JPEG, PNG, BMP, WebP, HEIC, AVIF or TIFF"):
        read_header(data)


def test_a_jpeg_that_ends_within_its_scan_is_cut_off() -> None:
    with pytest.raises(InvalidImage, match="JPEG data are cut off"):
        read_header(FILES["jpeg"][1][:-2])


def test_the_end_marker_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    data = FILES["jpeg"][1]
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + 12) + b"Exif\0\0....\xff\xd9"
    with pytest.raises(InvalidImage, match="cut off"):
        read_header(data[:2] + thumbnail + data[2:-2])


def test_an_image_without_pixels_is_refused() -> None:
    data = FILES["png"][1]
    with pytest.raises(InvalidImage, match="no pixels"):
        read_header(data[:16] + bytes(4) + data[20:])


def test_a_claim_of_two_billion_pixels_is_read_and_refused() -> None:
    data = FILES["png"][1]
    header = read_header(data[:16] + struct.pack(">II", 50_000, 40_000) + data[24:])
    with pytest.raises(ImageTooLarge, match=r"2000000000.*10000000"):
        check_pixels(header, 10_000_000)


def test_the_limit_itself_is_accepted() -> None:
    header = ImageHeader("png", 5, 4, 1)
    check_pixels(header, 20)
    with pytest.raises(ImageTooLarge):
        check_pixels(header, 19)


def test_a_file_of_endless_scans_is_refused() -> None:
    _, data = FILES["progressive jpeg"]
    scan = data.index(b"\xff\xda")
    (length,) = struct.unpack_from(">H", data, scan + 2)
    bomb = data[:scan] + data[scan : scan + 2 + length] * 101 + data[scan:]
    with pytest.raises(InvalidImage, match="scans"):
        read_header(bomb)


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


@pytest.mark.parametrize("name", FILES)
def test_a_decoded_image_has_no_more_bytes_than_its_header_says(name: str) -> None:
    _, data = FILES[name]
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert decoded.nbytes <= read_header(data).decoded_bytes


@pytest.mark.parametrize(
    ("picture", "pixel_bytes"),
    [
        (np.zeros((7, 13), np.uint16), 6),
        (np.zeros((7, 13, 3), np.uint16), 6),
        (np.zeros((7, 13, 4), np.uint16), 8),
        (np.zeros((7, 13, 4), np.uint8), 4),
        (np.zeros((7, 13, 3), np.uint8), 3),
    ],
)
def test_sixteen_bits_and_alpha_count(picture: NDArray[np.generic], pixel_bytes: int) -> None:
    header = read_header(cv2.imencode(".png", picture)[1].tobytes())
    assert header.decoded_bytes == 7 * 13 * pixel_bytes
    check_decoded_bytes(header, 7 * 13 * pixel_bytes)
    with pytest.raises(ImageTooLarge):
        check_decoded_bytes(header, 7 * 13 * pixel_bytes - 1)


def test_a_transparent_colour_of_a_palette_counts_as_alpha() -> None:
    picture = RGB.quantize(4)
    picture.info["transparency"] = 0
    data = encode(picture, "PNG", transparency=0)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    assert decoded.nbytes <= read_header(data).decoded_bytes


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0crc." + b"\0\0\0\0tEXtcrc." * 400_000,
        b"\xff\xd8" + b"\xff\xe0\0\2" * 1_200_000,
        b"RIFF" + (8 * 600_000 + 4).to_bytes(4, "little") + b"WEBP" + b"abcd\0\0\0\0" * 600_000,
    ],
)
def test_an_image_of_a_million_segments_is_refused_early(data: bytes) -> None:
    with pytest.raises(InvalidImage, match="more than 10000 segments"):
        read_header(data)
