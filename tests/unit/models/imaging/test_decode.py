import io
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from models.errors import InvalidImage
from models.imaging.decode import Image, decode
from tests.unit.models.encoded import encode, encode_16, noise, oriented

LOSSLESS = [("PNG", {}), ("WEBP", {"lossless": True})]


def as_bgr(picture: Pillow.Image) -> Image:
    return np.asarray(picture.convert("RGB"))[..., ::-1]


@pytest.mark.parametrize(("kind", "options"), [*LOSSLESS, ("BMP", {})])
def test_lossless_formats_give_their_pixels(kind: str, options: dict[str, object]) -> None:
    picture = noise(9, 5)
    image = decode(encode(picture, kind, **options))
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, as_bgr(picture))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("kind", "options"), [*LOSSLESS, ("JPEG", {"quality": 95, "subsampling": 0})])
def test_every_orientation_is_put_upright(kind: str, options: dict[str, object], orientation: int) -> None:
    data = encode(noise(3, 2).resize((48, 32), Pillow.Resampling.NEAREST), kind, exif=oriented(orientation), **options)
    upright = as_bgr(ImageOps.exif_transpose(Pillow.open(io.BytesIO(data))))
    image = decode(data)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).max() <= (3 if kind == "JPEG" else 0)


@pytest.mark.parametrize("mode", ["L", "1", "P"])
@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_grey_and_palette_become_three_channels(kind: str, mode: str) -> None:
    picture = noise(9, 5, mode)
    np.testing.assert_array_equal(decode(encode(picture, kind)), as_bgr(picture))


def test_grey_jpeg_has_three_equal_channels() -> None:
    image = decode(encode(noise(16, 16, "L"), "JPEG"))
    assert image.shape == (16, 16, 3)
    assert (image == image[..., :1]).all()


def test_cmyk_jpeg_keeps_its_colour() -> None:
    picture = Pillow.new("RGB", (16, 16), (200, 100, 30)).convert("CMYK")
    assert np.abs(decode(encode(picture, "JPEG", quality=95)).astype(int) - (30, 100, 200)).max() <= 3


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_transparency_shows_white(kind: str, options: dict[str, object], mode: str) -> None:
    pixels = np.full((1, 3, 4), 100, np.uint8)
    pixels[0, :, 3] = 0, 128, 255
    image = decode(encode(Pillow.fromarray(pixels, "RGBA").convert(mode), kind, **options))
    assert image[0, :, 0].tolist() == [255, 177, 100]
    assert (image == image[..., :1]).all()


def test_a_transparent_colour_of_a_palette_shows_white() -> None:
    picture = Pillow.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    assert decode(encode(picture, "PNG", transparency=0))[0].tolist() == [[255, 255, 255], [60, 50, 40]]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3)])
def test_sixteen_bits_lose_the_lower_eight(shape: tuple[int, ...]) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape) * 3001
    image = decode(encode_16(pixels))
    expected = (pixels >> 8).astype(np.uint8)
    np.testing.assert_array_equal(image, expected if len(shape) == 3 else np.stack([expected] * 3, axis=-1))


def test_sixteen_bits_with_transparency_show_white() -> None:
    assert decode(encode_16(np.array([[[0, 0, 65535, 0]]], np.uint16))).tolist() == [[[255, 255, 255]]]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_a_single_row_or_column_works(kind: str, size: tuple[int, int]) -> None:
    assert decode(encode(noise(*size), kind)).shape == (size[1], size[0], 3)


def test_the_first_of_several_pictures_counts() -> None:
    white, black = Pillow.new("RGB", (8, 8), "white"), Pillow.new("RGB", (8, 8))
    for kind in ("PNG", "WEBP", "MPO"):
        image = decode(encode(white, kind, save_all=True, append_images=[black]))
        assert image.shape == (8, 8, 3)
        assert image.min() >= 250


def test_a_top_down_bitmap_is_not_upside_down() -> None:
    data = bytearray(encode(noise(4, 3), "BMP"))
    data[22:26] = (-3).to_bytes(4, "little", signed=True)
    np.testing.assert_array_equal(decode(bytes(data)), as_bgr(noise(4, 3))[::-1])


def test_pixels_that_do_not_decode_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode(noise(64, 64), "PNG"))
    data[3000:3010] = bytes(10)
    with pytest.raises(InvalidImage, match="cannot be decoded"):
        decode(bytes(data))
    capfd.readouterr()  # libpng's own words


PHOTO = noise(160, 120)
CUT_FILES = {
    "baseline": encode(PHOTO, "JPEG"),
    "grey": encode(PHOTO.convert("L"), "JPEG"),
    "restarts": encode(PHOTO, "JPEG", restart_marker_blocks=3),
    "large blocks": encode(PHOTO, "JPEG", subsampling=2, optimize=True),
    "first picture of two": encode(PHOTO, "MPO", save_all=True, append_images=[noise(160, 120)]),
}


@pytest.mark.parametrize("name", CUT_FILES)
@pytest.mark.parametrize("rows", [0.1, 0.5, 0.9, 0.99])
def test_a_jpeg_with_rows_cut_off_is_refused_whatever_its_end_marker_says(name: str, rows: float) -> None:
    data = CUT_FILES[name]
    scan = data.index(b"\xff\xda")
    cut = scan + round((data.index(b"\xff\xd9", scan) - scan) * rows)
    assert decode(data).shape == (120, 160, 3)
    with pytest.raises(InvalidImage, match="cannot be decoded"):
        decode(data[:cut] + b"\xff\xd9")


@pytest.mark.parametrize("progressive", [False, True])
def test_a_whole_jpeg_has_the_pixels_that_its_decoder_gives(progressive: bool) -> None:
    for picture in (PHOTO, PHOTO.convert("L"), noise(8, 8), noise(1, 1), Pillow.new("RGB", (640, 480))):
        data = encode(picture, "JPEG", progressive=progressive)
        plain = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(decode(data), plain)


def test_a_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = encode(PHOTO, "JPEG", progressive=True)
    last_scan = data.rindex(b"\xff\xda")
    assert data.count(b"\xff\xda") == 10
    for cut in (last_scan, last_scan // 2, last_scan // 5):
        with pytest.raises(InvalidImage, match="cut off"):
            decode(data[:cut] + b"\xff\xd9")


@pytest.mark.parametrize(("kind", "options"), [*LOSSLESS, ("WEBP", {"quality": 80}), ("BMP", {})])
def test_rows_that_are_missing_in_another_format_are_refused(
    kind: str, options: dict[str, object], capfd: pytest.CaptureFixture[str]
) -> None:
    data = encode(PHOTO, kind, **options)
    for length in (len(data) // 4, len(data) * 9 // 10):
        with pytest.raises(InvalidImage):
            decode(_closed(kind, data[:length]))
    capfd.readouterr()  # the decoders' own words


def _closed(kind: str, cut: bytes) -> bytes:
    """A file that is cut off, with a header and an end that hide it."""
    if kind == "PNG":
        pixels = cut.index(b"IDAT")
        return b"".join((cut[: pixels - 4], _chunk(cut[pixels:]), _chunk(b"IEND")))
    if kind == "WEBP":
        even = cut[: len(cut) // 2 * 2]
        length, chunk = len(even) - 8, len(even) - 20
        return b"".join((even[:4], length.to_bytes(4, "little"), even[8:16], chunk.to_bytes(4, "little"), even[20:]))
    return cut


def _chunk(kind_and_data: bytes) -> bytes:
    checksum = zlib.crc32(kind_and_data)
    return (len(kind_and_data) - 4).to_bytes(4, "big") + kind_and_data + checksum.to_bytes(4, "big")


def test_a_size_that_the_pixels_do_not_have_is_refused() -> None:
    data = encode(Pillow.new("RGB", (16, 16)), "WEBP", exif=oriented(1))
    canvas = data.index(b"VP8X") + 12
    with pytest.raises(InvalidImage):
        decode(data[:canvas] + bytes([200, 0, 0, 200, 0, 0]) + data[canvas + 6 :])


def test_sixteen_bits_with_transparency_take_little_more_memory_than_their_pixels() -> None:
    size = 2000
    data = encode_16(np.full((size, size, 4), 40_000, np.uint16))
    tracemalloc.start()
    try:
        decode(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    pixels, image = size * size * 8, size * size * 3
    assert peak < 1.5 * (pixels + image)
