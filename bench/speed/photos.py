"""Makes the photos of the benchmark from those in the repository: no two alike, and the same ones in every run."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from models.imaging.decode import Image, decode
from models.imaging.geometry import Box

ROOT = Path(__file__).parents[2]
SOURCES = (
    ROOT / "bench" / "photos" / "portrait-1mp.jpg",
    ROOT / "cli" / "photos" / "astronaut.jpg",
    ROOT / "tests" / "photos" / "ardern.jpg",
    ROOT / "tests" / "photos" / "macron.jpg",
    ROOT / "tests" / "photos" / "obama_senate.jpg",
    ROOT / "tests" / "photos" / "obama_speech.jpg",
)
"""Photos of one person each."""

HEAD: Box = np.array([0.2, 0.02, 0.8, 0.5])
"""The head in the first source: x1, y1, x2, y2, relative."""
TILE = 240
"""The side of a face in a crowd, in pixels."""
GRID = (5, 8)
"""Rows and columns of faces in a crowd."""


def photos(count: int, megapixels: float = 1.0, quality: Sequence[int] = (80, 95)) -> list[bytes]:
    """Makes JPEG photos of one face each: crops of the sources, half of them mirrored, in many sizes and qualities.

    Args:
        count: the number of photos.
        megapixels: the mean size; each photo is up to a fifth smaller or larger.
        quality: the lowest and the highest JPEG quality.
    """
    sources = [decode(source.read_bytes()) for source in SOURCES]
    return [_photo(sources[index % len(sources)], index, megapixels, quality) for index in range(count)]


def crowd(faces: int) -> bytes:
    """Makes a JPEG of 2.3 megapixels with up to 40 faces on grey."""
    portrait = decode(SOURCES[0].read_bytes())
    height, width = portrait.shape[:2]
    x1, y1, x2, y2 = (HEAD * (width, height, width, height)).astype(int)
    head = cv2.resize(portrait[y1:y2, x1:x2], (TILE, TILE), interpolation=cv2.INTER_AREA)
    rows, columns = GRID
    canvas = np.full((rows * TILE, columns * TILE, 3), 128, np.uint8)
    for index in range(faces):
        top, left = index // columns * TILE, index % columns * TILE
        canvas[top : top + TILE, left : left + TILE] = head if index % 2 else head[:, ::-1]
    return _jpeg(canvas, 90)


def _photo(source: Image, index: int, megapixels: float, quality: Sequence[int]) -> bytes:
    rng = np.random.default_rng(index)
    height, width = source.shape[:2]
    kept = rng.uniform(0.85, 1.0, 2)
    top, left = (rng.uniform(0, 1 - kept) * (height, width)).astype(int)
    rows, columns = (kept * (height, width)).astype(int)
    part = source[top : top + rows, left : left + columns]
    scale = np.sqrt(megapixels * 1e6 * rng.uniform(0.8, 1.2) / (rows * columns))
    drawn = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    mirrored = drawn[:, ::-1] if rng.random() < 0.5 else drawn
    return _jpeg(np.asarray(mirrored, np.uint8), int(rng.integers(quality[0], quality[1] + 1)))


def _jpeg(image: Image, quality: int) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
