from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

import cv2
import numpy as np
import pytest

from models.errors import InvalidImage
from workers.images import AHEAD, ImageCache

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


def test_images_that_are_far_away_are_fetched_while_one_is_worked_on() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs, is_far=lambda blob: blob.startswith("far"))
    far = [f"far{number}" for number in range(AHEAD + 3)]
    with cache.ahead(["near", *far]) as get:
        wait_for(lambda: set(blobs.fetched) == set(far[:AHEAD]))
        assert get("near") is cache.get("near")
        get(far[0])
        wait_for(lambda: set(blobs.fetched) == {"near", *far[: AHEAD + 1]})
        for blob in far:
            get(blob)
    assert sorted(blobs.fetched) == sorted(["near", *far])
    with cache.ahead(far) as get:
        get(far[0])
    assert len(blobs.fetched) == 1 + len(far)


def test_images_that_the_cache_got_meanwhile_do_not_block_the_next_ones() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs, is_far=lambda _: True)
    far = [f"far{number}" for number in range(2 * AHEAD + 1)]
    with cache.ahead(far) as get:
        for blob in far[:AHEAD]:
            cache.get(blob)
        for blob in far[: AHEAD + 1]:
            get(blob)
        wait_for(lambda: set(blobs.fetched) == set(far))
        for blob in far[AHEAD + 1 :]:
            get(blob)
    assert sorted(blobs.fetched) == sorted(far + far[:AHEAD])


def test_what_cannot_be_fetched_ahead_fails_when_it_is_asked_for() -> None:
    with ImageCache(Blobs(), is_far=lambda _: True).ahead(["a", "gone"]) as get:
        get("a")
        with pytest.raises(InvalidImage, match="gone"):
            get("gone")


def test_nothing_more_is_fetched_for_a_chunk_that_is_given_up() -> None:
    blobs = Blobs()
    with suppress(KeyError), ImageCache(blobs, is_far=lambda _: True).ahead([str(index) for index in range(99)]):
        raise KeyError
    assert len(blobs.fetched) <= AHEAD


def wait_for(happened: Callable[[], bool]) -> None:
    ends = monotonic() + 5
    while not happened():
        assert monotonic() < ends, "it did not happen"
        sleep(0.01)


def test_old_images_are_forgotten() -> None:
    blobs = Blobs()
    cache = ImageCache(blobs, age_s=0)
    cache.get("a")
    cache.drop_old()
    cache.get("a")
    assert blobs.fetched == ["a", "a"]
