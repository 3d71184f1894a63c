import cv2
import numpy as np
import pytest

from models.errors import InvalidImage
from workers.images import ImageCache

PHOTO = cv2.imencode(".png", np.zeros((10, 10, 3), np.uint8))[1].tobytes()


class Blobs:
    def __init__(self) -> None:
        self.fetched: list[str] = []

    def __call__(self, blob: str) -> bytes | None:
        self.fetched.append(blob)
        return None if blob == "gone" else PHOTO


def test_an_image_is_fetched_and_decoded_once() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs)
    assert cache.get("a") is cache.get("a")
    assert blobs.fetched == ["a"]


def test_an_image_that_is_gone_is_an_error() -> None:
    with pytest.raises(InvalidImage, match="gone"):
        ImageCache(Blobs()).get("gone")


def test_a_dropped_image_is_forgotten() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs)
    cache.get("a")
    cache.drop(["a", "never-there"])
    cache.get("a")
    assert blobs.fetched == ["a", "a"]


def test_the_image_that_was_used_longest_ago_makes_room() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs, capacity_bytes=2 * 300)
    for blob in ("a", "b", "a", "c", "a", "b"):
        cache.get(blob)
    assert blobs.fetched == ["a", "b", "c", "b"]


def test_old_images_are_forgotten() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs, age_s=0)
    cache.get("a")
    cache.drop_old()
    cache.get("a")
    assert blobs.fetched == ["a", "a"]
