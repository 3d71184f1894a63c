"""Pixels cut out of images: what lies outside repeats the edge, and what shrinks is averaged, not skipped."""

from math import ceil, floor

import cv2
import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Letterbox, Matrix, Region, inverse, scale_of


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
        matrix[:, :2] *= 2
    # cv2 counts from the centres of the corner pixels, not from their corners.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    result = cv2.warpAffine(image, matrix, (drawn, drawn), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if supersample > 1:
        result = cv2.resize(result, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(result, np.uint8)


def cut(image: Image, region: Region, size: int) -> Image:
    """A region of an image, stretched to (size, size, 3) uint8; see `warp`."""
    return warp(image, region.to_square(size), size)


def letterboxed(image: Image, letterbox: Letterbox, canvas: tuple[int, int], fill: int) -> Image:
    """An image laid into a canvas of (height, width) that is filled with one grey value elsewhere."""
    drawn = np.full((*canvas, 3), fill, np.uint8)
    start, end = letterbox.offset, letterbox.offset + letterbox.height
    left, right = letterbox.offset, letterbox.offset + letterbox.width
    drawn[start:end, left:right] = resized(image, letterbox.height, letterbox.width)
    return drawn


def resized(image: Image, height: int, width: int) -> Image:
    """A whole image in another size: bilinear, halved before as in `warp`."""
    while image.shape[0] * image.shape[1] >= 4 * height * width and min(image.shape[:2]) > 1:
        image = _halved(image)
    return np.asarray(cv2.resize(image, (width, height)), np.uint8)


def _shown(image: Image, matrix: Matrix, drawn: int) -> tuple[Image, Matrix]:
    """The part of an image that a map shows, with a border to average across its edge, and the map from there."""
    (xx, xy, x), (yx, yy, y) = inverse(matrix).tolist()
    border = 2 / scale_of(matrix)
    left, right = _whole(x, (xx * drawn, xy * drawn), border, image.shape[1])
    top, bottom = _whole(y, (yx * drawn, yy * drawn), border, image.shape[0])
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (left, top)
    return image[top:bottom, left:right], moved


def _whole(corner: float, sides: tuple[float, float], border: float, limit: int) -> tuple[int, int]:
    """Along one axis the pixels, at least one, that a square with a corner and two sides from there reaches."""
    start = floor(corner + sum(min(side, 0) for side in sides) - border)
    end = ceil(corner + sum(max(side, 0) for side in sides) + border)
    first = min(max(start, 0), limit - 1)
    return first, min(max(end, first + 1), limit)


def _halved(image: Image) -> Image:
    """Means of 2 x 2 pixels, an odd last row or column left out: ten times as fast as any other size in cv2."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
