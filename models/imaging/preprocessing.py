"""The inputs of networks: images of one size, uint8 BGR until here, as one float32 batch."""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np

from models.imaging.decode import Image
from models.runtime.session import FloatArray


def with_mirrors(images: Iterable[Image]) -> Iterator[Image]:
    """Each image, followed by its mirror image."""
    for image in images:
        yield image
        yield np.asarray(cv2.flip(image, 1), np.uint8)


def bgr_planes(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, 3, h, w) float32 BGR in [0, 255]."""
    height, width, channels = images[0].shape
    batch = np.empty((len(images), channels, height, width), np.float32)
    for row, image in zip(batch, images, strict=True):
        for plane, channel in zip(row, cv2.split(image), strict=True):
            plane[...] = channel
    return batch


def rgb_planes(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, 3, h, w) float32 RGB in [0, 255]."""
    return bgr_planes([np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8) for image in images])


def rgb_pixels(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, h, w, 3) float32 RGB in [0, 255]."""
    batch = np.empty((len(images), *images[0].shape), np.float32)
    for row, image in zip(batch, images, strict=True):
        row[...] = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return batch


def unit_rgb_pixels(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, h, w, 3) float32 RGB in [0, 1]."""
    batch = rgb_pixels(images)
    batch /= 255
    return batch
