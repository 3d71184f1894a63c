import io

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


def test_a_size_that_the_pixels_do_not_have_is_refused() -> None:
    data = encode(Pillow.new("RGB", (16, 16)), "WEBP", exif=oriented(1))
    canvas = data.index(b"VP8X") + 12
    with pytest.raises(InvalidImage):
        decode(data[:canvas] + bytes([200, 0, 0, 200, 0, 0]) + data[canvas + 6 :])
