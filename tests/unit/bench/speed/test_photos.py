import numpy as np

from bench.speed.photos import GRID, TILE, crowd, photos
from models.imaging.decode import decode


def test_photos_are_the_same_in_every_run() -> None:
    assert photos(8) == photos(8)


def test_no_two_photos_are_alike() -> None:
    assert len(set(photos(20, megapixels=0.1))) == 20


def test_a_longer_list_of_photos_begins_with_the_same_ones() -> None:
    assert photos(9, megapixels=0.1)[:7] == photos(7, megapixels=0.1)


def test_photos_are_up_to_a_fifth_smaller_or_larger_than_asked_for() -> None:
    pixels = [image.shape[0] * image.shape[1] for image in map(decode, photos(12, megapixels=0.3))]
    assert min(pixels) > 0.23e6
    assert max(pixels) < 0.37e6


def test_a_crowd_has_the_same_size_for_any_number_of_faces() -> None:
    empty, three = decode(crowd(0)), decode(crowd(3))
    rows, columns = GRID
    assert empty.shape == three.shape == (rows * TILE, columns * TILE, 3)
    changed = np.abs(empty.astype(int) - three).max(axis=2) > 10
    assert changed[:TILE, : 3 * TILE].mean() > 0.5
    assert changed[TILE + 8 :].sum() == 0
