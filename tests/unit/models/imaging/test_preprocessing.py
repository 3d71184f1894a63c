from collections.abc import Iterator

import numpy as np
import pytest

from models.imaging.decode import Image
from models.imaging.preprocessing import bgr_planes, rgb_pixels, rgb_planes, unit_rgb_pixels, with_mirrors
from models.runtime.session import MAX_ROWS, FloatArray, infer


class Blue:
    """Answers the blue of the first pixel of each row."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def run(self, batch: FloatArray) -> dict[str, FloatArray]:
        self.rows.append(len(batch))
        return {"blue": batch[:, 0, 0, :1]}


def images(count: int) -> Iterator[Image]:
    return (np.full((2, 2, 3), number % 256, np.uint8) for number in range(count))


@pytest.mark.parametrize("count", [1, MAX_ROWS - 1, MAX_ROWS, MAX_ROWS + 1, 5 * MAX_ROWS + 3])
def test_order_is_kept_and_no_run_exceeds_the_cap(count: int) -> None:
    session = Blue()
    answers = infer(session, images(count), bgr_planes)["blue"]
    assert answers[:, 0].tolist() == [number % 256 for number in range(count)]
    assert max(session.rows) <= MAX_ROWS
    assert sum(session.rows) == count
    assert MAX_ROWS <= 64


def test_no_image_reaches_no_network() -> None:
    session = Blue()
    assert infer(session, images(0), bgr_planes) == {}
    assert session.rows == []


def test_images_are_drawn_as_needed() -> None:
    drawn: list[int] = []

    class Watching(Blue):
        def run(self, batch: FloatArray) -> dict[str, FloatArray]:
            assert len(drawn) <= sum(self.rows) + MAX_ROWS
            return super().run(batch)

    def watched() -> Iterator[Image]:
        for number, image in enumerate(images(3 * MAX_ROWS)):
            drawn.append(number)
            yield image

    infer(Watching(), watched(), bgr_planes)
    assert len(drawn) == 3 * MAX_ROWS


def test_layouts_and_colour_orders() -> None:
    pair = [np.arange(12, dtype=np.uint8).reshape(2, 2, 3), np.arange(12, 24, dtype=np.uint8).reshape(2, 2, 3)]
    stacked = np.stack(pair).astype(np.float32)
    for prepared, expected in (
        (bgr_planes(pair), stacked.transpose(0, 3, 1, 2)),
        (rgb_planes(pair), stacked[..., ::-1].transpose(0, 3, 1, 2)),
        (rgb_pixels(pair), stacked[..., ::-1]),
        (unit_rgb_pixels(pair), stacked[..., ::-1] / np.float32(255)),
    ):
        assert prepared.dtype == np.float32
        assert prepared.flags.c_contiguous
        np.testing.assert_array_equal(prepared, expected)


def test_each_image_is_followed_by_its_mirror_image() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    first, second = with_mirrors([image])
    assert first is image
    np.testing.assert_array_equal(second, image[:, ::-1])
