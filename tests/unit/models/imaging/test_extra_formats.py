"""HEIC, AVIF and TIFF: their headers, their pixels, and what is said where the extra `formats` is not installed."""

import io
import struct
import subprocess
import sys
from importlib import import_module

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from models.errors import ImageTooLarge, InvalidImage
from models.imaging.decode import Image, decode
from models.imaging.headers import check_decoded_bytes, check_pixels, read_header
from models.imaging.pillow_decoders import INSTALLED
from tests.unit.models.encoded import encode, noise, oriented

if not INSTALLED:
    pytest.skip("the extra `formats` is not installed", allow_module_level=True)
import_module("pillow_heif").register_heif_opener()

RGB = noise(13, 7)
SIXTEEN = np.asarray(RGB).astype(np.uint16)[:, :, ::-1] * 257
PALE = Pillow.new("RGBA", (16, 16), (100, 100, 100, 128))


def tiff_16(pixels: object) -> bytes:
    return cv2.imencode(".tiff", np.asarray(pixels))[1].tobytes()


FILES = {
    "heic": ("heic", encode(RGB, "HEIF")),
    "heic with alpha": ("heic", encode(noise(13, 7, "RGBA"), "HEIF")),
    "grey heic": ("heic", encode(RGB.convert("L"), "HEIF")),
    "two heics": ("heic", encode(RGB, "HEIF", save_all=True, append_images=[RGB.rotate(180)])),
    "avif": ("avif", encode(RGB, "AVIF")),
    "avif of ten bits": (
        "avif",
        cv2.imencode(".avif", SIXTEEN // 64, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes(),
    ),
    "tiff": ("tiff", encode(RGB, "TIFF")),
    "tiff from the other end": ("tiff", encode(RGB, "TIFF", big_endian=True)),
    "grey tiff": ("tiff", encode(RGB.convert("L"), "TIFF", compression="packbits")),
    "tiff of one bit": ("tiff", encode(RGB.convert("1"), "TIFF", compression="group4")),
    "palette tiff": ("tiff", encode(RGB.quantize(4), "TIFF", compression="tiff_lzw")),
    "cmyk tiff": ("tiff", encode(RGB.convert("CMYK"), "TIFF", compression="tiff_deflate")),
    "jpeg in a tiff": ("tiff", encode(RGB, "TIFF", compression="jpeg")),
    "tiff of sixteen bits": ("tiff", tiff_16(SIXTEEN)),
}


@pytest.mark.parametrize("name", FILES)
def test_format_and_size_are_read_from_the_bytes(name: str) -> None:
    kind, data = FILES[name]
    header = read_header(data)
    assert (header.format, header.width, header.height, header.orientation) == (kind, 13, 7, 1)
    assert decode(data).shape == (7, 13, 3)


@pytest.mark.parametrize("name", FILES)
def test_no_part_of_a_file_passes_for_the_whole(name: str) -> None:
    _, data = FILES[name]
    for length in range(len(data)):
        with pytest.raises(InvalidImage):
            read_header(data[:length])


@pytest.mark.parametrize("name", [name for name, (kind, _) in FILES.items() if kind != "tiff"])
def test_bytes_behind_the_end_do_no_harm(name: str) -> None:
    _, data = FILES[name]
    assert read_header(data + b"trailing") == read_header(data)


@given(st.sampled_from(sorted(FILES)), st.data())
@settings(max_examples=400, deadline=None)
def test_damage_is_survived_or_refused(name: str, draw: st.DataObject) -> None:
    data = bytearray(FILES[name][1])
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, min(len(data), 600) - 1))] = draw.draw(st.integers(0, 255))
    try:
        header = read_header(bytes(data))
    except InvalidImage:
        return
    assert header.width > 0
    assert header.height > 0


def as_bgr(picture: Pillow.Image) -> Image:
    return np.asarray(picture.convert("RGB"))[..., ::-1]


SMOOTH = noise(3, 2).resize((48, 32), Pillow.Resampling.BICUBIC)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "worst"), [("HEIF", 8), ("AVIF", 8), ("TIFF", 0)])
def test_every_orientation_is_put_upright(kind: str, worst: int, orientation: int) -> None:
    options = {} if kind == "TIFF" else {"quality": 100, "subsampling": "4:4:4", "chroma": 444}
    data = encode(SMOOTH, kind, exif=oriented(orientation), **options)
    turned = Pillow.open(io.BytesIO(encode(SMOOTH, "PNG", exif=oriented(orientation))))
    upright = as_bgr(ImageOps.exif_transpose(turned))
    header = read_header(data)
    assert (header.orientation, header.upright_size) == (orientation, upright.shape[:2])
    image = decode(data)
    assert image.shape == upright.shape
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - upright).max() <= worst


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF"])
def test_transparency_shows_white(kind: str) -> None:
    image = decode(encode(PALE, kind))
    assert image.shape == (16, 16, 3)
    assert np.abs(image.astype(int) - 177).max() <= 3


def test_sixteen_bits_lose_the_lower_eight() -> None:
    expected = np.asarray(RGB)[:, :, ::-1]
    np.testing.assert_array_equal(decode(tiff_16(SIXTEEN)), expected)
    np.testing.assert_array_equal(decode(tiff_16(SIXTEEN[:, :, 1]))[:, :, 0], expected[:, :, 1])


def test_ten_bits_of_avif_become_eight() -> None:
    ten = np.full((16, 16, 3), 800, np.uint16)
    data = cv2.imencode(".avif", ten, [cv2.IMWRITE_AVIF_DEPTH, 10])[1].tobytes()
    assert np.abs(decode(data).astype(int) - 200).max() <= 2


@pytest.mark.parametrize(("kind", "orientation"), [("HEIF", 1), ("TIFF", 1), ("TIFF", 6)])
def test_the_first_of_several_pictures_counts(kind: str, orientation: int) -> None:
    white, black = Pillow.new("RGB", (8, 16), "white"), Pillow.new("RGB", (32, 8))
    data = encode(white, kind, save_all=True, append_images=[black], exif=oriented(orientation))
    image = decode(data)
    assert image.shape == ((8, 16, 3) if orientation == 6 else (16, 8, 3))
    assert image.min() >= 250


def test_a_sequence_is_refused() -> None:
    data = encode(RGB, "AVIF", save_all=True, append_images=[RGB.rotate(180)])
    with pytest.raises(InvalidImage, match="sequence of pictures: send one picture"):
        read_header(data)


def test_colours_of_other_kinds_are_refused() -> None:
    with pytest.raises(InvalidImage, match="TIFF image has colours of a kind"):
        read_header(encode(Pillow.new("F", (4, 4)), "TIFF"))


def test_strips_that_are_missing_are_noticed() -> None:
    data = tiff_16(np.zeros((400, 400, 3), np.uint16))
    with pytest.raises(InvalidImage, match="cut off"):
        read_header(_with_tag(data, 278, 1))  # a row per strip: there are not so many


def _with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF whose first directory has another value for a tag of one number."""
    (position,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, position)
    for entry in range(position + 2, position + 2 + 12 * count, 12):
        name, kind = struct.unpack_from("<HH", data, entry)
        if name == tag:
            return (
                data[: entry + 8]
                + struct.pack("<I" if kind == 4 else "<HH", *[value, 0][: 5 - kind])
                + data[entry + 12 :]
            )
    raise AssertionError(f"the file has no tag {tag}")


@pytest.mark.parametrize("tag", [256, 257])
def test_a_claim_of_billions_of_pixels_is_refused(tag: int) -> None:
    data = _with_tag(_with_tag(encode(RGB, "TIFF", compression="tiff_lzw"), tag, 60_000), 278, 60_000)
    with pytest.raises((InvalidImage, ImageTooLarge)):
        check_pixels(read_header(data), 100_000)


def _of_size(data: bytes, width: int, height: int) -> bytes:
    """A HEIC or AVIF file that claims this size."""
    size = data.index(b"ispe") + 8
    return data[:size] + struct.pack(">II", width, height) + data[size + 8 :]


def test_a_heic_that_claims_to_be_huge_is_refused_before_it_is_decoded() -> None:
    header = read_header(_of_size(encode(noise(64, 64), "HEIF"), 50_000, 40_000).replace(b"clap", b"free"))
    assert header.upright_size == (40_000, 50_000)
    with pytest.raises(ImageTooLarge):
        check_pixels(header, 10_000_000)
    with pytest.raises(ImageTooLarge):
        check_decoded_bytes(header, 10_000_000)


def test_frames_that_are_larger_than_the_header_says_never_reach_a_decoder() -> None:
    # All black: a small file of 4 million pixels.
    data = _of_size(encode(Pillow.new("RGB", (2048, 2048)), "AVIF", speed=10), 64, 64)
    with pytest.raises(InvalidImage, match="another size than its header says"):
        read_header(data)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_another_size_than_the_header_says_is_refused(kind: str) -> None:
    with pytest.raises(InvalidImage, match=r"cannot be decoded|another size"):
        decode(_of_size(encode(noise(64, 64), kind), 128, 64))


@pytest.mark.parametrize(("kind", "options"), [("HEIF", {}), ("AVIF", {}), ("TIFF", {"compression": "tiff_lzw"})])
def test_data_that_do_not_decode_are_refused(
    kind: str, options: dict[str, object], capfd: pytest.CaptureFixture[str]
) -> None:
    data = encode(noise(64, 64), kind, **options)
    pixels = len(data) // 2 if kind == "TIFF" else data.index(b"mdat") + 4
    with pytest.raises(InvalidImage):
        decode(data[:pixels] + b"\xff" * 400 + data[pixels + 400 :])
    capfd.readouterr()  # the decoders' own words


WITHOUT_EXTRA = """
import sys
sys.modules["pillow_heif"] = None
from models.errors import InvalidImage
from models.imaging.headers import read_header
try:
    read_header(sys.stdin.buffer.read())
except InvalidImage as error:
    print(error.type, error)
"""


@pytest.mark.parametrize("name", ["heic", "avif", "tiff"])
def test_without_the_extra_the_error_says_what_to_install(name: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA], input=FILES[name][1], capture_output=True, check=True
    ).stdout.decode()
    assert said.strip() == (
        f"invalid_image {name.upper()} images are not accepted here: "
        "they need the extra `formats`, `pip install 'faceline[formats]'`"
    )
