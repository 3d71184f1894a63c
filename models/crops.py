"""Pixels cut out of images: what lies outside repeats the edge, and what shrinks is averaged, not skipped."""

import cv2
import numpy as np

from models.geometry import Letterbox, Matrix, Region, apply, inverse, scale_of
from models.image import Image


def warp(image: Image, matrix: Matrix, size: int, supersample: int = 1) -> Image:
    """Draw an image through a map: bilinear, from an image that was halved until less than half is left to shrink.

    Cost is bounded by the image and the result, however far the map reaches.

    Args:
        image: (h, w, 3) uint8.
        matrix: from the image to the square from (0, 0) to (size, size), without shear.
        size: side of the result.
        supersample: draw this many times finer, and average.

    Returns:
        (size, size, 3) uint8.
    """
    drawn = size * supersample
    matrix = matrix * supersample
    if scale_of(matrix) <= 0.5:
        image, matrix = _shown(image, matrix, drawn)
    while scale_of(matrix) <= 0.5 and min(image.shape[:2]) > 1:
        image = _halved(image)
        matrix = np.column_stack([matrix[:, :2] * 2, matrix[:, 2]])
    # cv2 counts from the centres of the corner pixels, not from their corners.
    matrix = np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2].sum(axis=1) / 2 - 0.5])
    result = cv2.warpAffine(image, matrix, (drawn, drawn), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if supersample > 1:
        result = cv2.resize(result, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(result, np.uint8)


def cut(image: Image, region: Region, size: int) -> Image:
    """A region of an image, stretched to (size, size, 3) uint8; see `warp`."""
    return warp(image, region.to_square(size), size)


def letterboxed(image: Image, letterbox: Letterbox, canvas: tuple[int, int], fill: int) -> Image:
    """An image laid into a canvas of (height, width) that is filled with one grey value elsewhere."""
    while image.shape[0] >= 2 * letterbox.height and image.shape[1] >= 2 * letterbox.width:
        image = _halved(image)
    drawn = np.full((*canvas, 3), fill, np.uint8)
    start, end = letterbox.offset, letterbox.offset + letterbox.height
    left, right = letterbox.offset, letterbox.offset + letterbox.width
    drawn[start:end, left:right] = cv2.resize(image, (letterbox.width, letterbox.height))
    return drawn


def _shown(image: Image, matrix: Matrix, drawn: int) -> tuple[Image, Matrix]:
    """The part of an image that a map shows, with a border to average across its edge, and the map from there."""
    corners = apply(inverse(matrix), np.array([[0, 0], [drawn, 0], [0, drawn], [drawn, drawn]], np.float64))
    border = 2 / scale_of(matrix)
    limit = np.array([image.shape[1], image.shape[0]])
    start = np.clip(np.floor(corners.min(axis=0) - border), 0, limit - 1).astype(int)
    end = np.clip(np.ceil(corners.max(axis=0) + border), start + 1, limit).astype(int)
    part = image[start[1] : end[1], start[0] : end[0]]
    return part, np.column_stack([matrix[:, :2], apply(matrix, start.astype(np.float64))])


def _halved(image: Image) -> Image:
    """Means of 2 x 2 pixels, an odd last row or column left out: ten times as fast as any other size in cv2."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
