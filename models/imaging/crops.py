"""Crops of images: outside of the image its edge is repeated, and where a crop shrinks, pixels are averaged."""

from math import ceil, floor

import cv2
import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Letterbox, Matrix, Region, inverse, scale_of


def warp(image: Image, matrix: Matrix, size: int, supersample: int = 1) -> Image:
    """Draw an image through a map: bilinear, after halving the image as long as the map shrinks it to half or less.

    The cost depends on the sizes of the image and of the result, not on how far the map reaches.

    Args:
        image: (h, w, 3) uint8.
        matrix: from the image to the square from (0, 0) to (size, size), without shear.
        size: side of the result.
        supersample: how many times finer the image is drawn before it is averaged.

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
    # cv2 measures from the centres of the corner pixels, not from their corners.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    result = cv2.warpAffine(image, matrix, (drawn, drawn), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if supersample > 1:
        result = cv2.resize(result, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(result, np.uint8)


def cut(image: Image, region: Region, size: int) -> Image:
    """A region of an image, stretched to (size, size, 3) uint8; see `warp`."""
    return warp(image, region.to_square(size), size)


def letterboxed(image: Image, letterbox: Letterbox, canvas: tuple[int, int], fill: int) -> Image:
    """An image in a canvas of (height, width) that is filled with one grey value outside of it."""
    drawn = np.full((*canvas, 3), fill, np.uint8)
    start, end = letterbox.offset, letterbox.offset + letterbox.height
    left, right = letterbox.offset, letterbox.offset + letterbox.width
    drawn[start:end, left:right] = resized(image, letterbox.height, letterbox.width)
    return drawn


def resized(image: Image, height: int, width: int) -> Image:
    """A whole image in another size: bilinear, after halving as in `warp`."""
    while image.shape[0] * image.shape[1] >= 4 * height * width and min(image.shape[:2]) > 1:
        image = _halved(image)
    return np.asarray(cv2.resize(image, (width, height)), np.uint8)


def _shown(image: Image, matrix: Matrix, drawn: int) -> tuple[Image, Matrix]:
    """The part of an image that a map shows, with a border for averaging, and the map from that part."""
    (xx, xy, x), (yx, yy, y) = inverse(matrix).tolist()
    border = 2 / scale_of(matrix)
    left, right = _whole(x, (xx * drawn, xy * drawn), border, image.shape[1])
    top, bottom = _whole(y, (yx * drawn, yy * drawn), border, image.shape[0])
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (left, top)
    return image[top:bottom, left:right], moved


def _whole(corner: float, sides: tuple[float, float], border: float, limit: int) -> tuple[int, int]:
    """The pixels along one axis, at least one, that a square reaches, given a corner and the two sides from there."""
    start = floor(corner + sum(min(side, 0) for side in sides) - border)
    end = ceil(corner + sum(max(side, 0) for side in sides) + border)
    first = min(max(start, 0), limit - 1)
    return first, min(max(end, first + 1), limit)


def _halved(image: Image) -> Image:
    """Means of 2 x 2 pixels without an odd last row or column: ten times as fast as any other size in cv2."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
