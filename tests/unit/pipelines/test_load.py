from collections.abc import Callable

import numpy as np
import pytest

from jobs.errors import StorageError
from models.errors import InvalidImage
from models.imaging.decode import Image
from pipelines.chunk import Item
from pipelines.load import load_groups
from pipelines.sample import Sample


def images(error: Exception) -> Callable[[str], Image]:
    """Gives an image by any name but `bad`, which raises."""

    def image(name: str) -> Image:
        if name == "bad":
            raise error
        return np.zeros((8, 8, 3), np.uint8)

    return image


def items() -> list[Item]:
    return [Item(sample=Sample(), blob=name) for name in ("first", "bad", "last")]


@pytest.mark.parametrize(
    "error",
    [
        InvalidImage("broken"),
        ValueError("embedded null byte"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"),
        OSError(36, "File name too long"),
    ],
)
def test_an_image_that_cannot_be_read_is_an_error_of_its_item_alone(error: Exception) -> None:
    chunk = items()
    loaded = [one.item for group in load_groups(chunk, images(error)) for one in group]
    assert loaded == [chunk[0], chunk[2]]
    assert [item.failed for item in chunk] == [False, True, False]
    assert [failure.type for failure in chunk[1].failures] == ["invalid_image"]


def test_a_store_that_does_not_answer_is_no_error_of_an_item() -> None:
    chunk = items()
    with pytest.raises(StorageError):
        list(load_groups(chunk, images(StorageError("no answer"))))
    assert not any(item.failed for item in chunk)
