"""How images get into networks: lazily, in runs of bounded size, uint8 until the last moment."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import cv2
import numpy as np

from models.imaging.decode import Image
from models.runtime.session import FloatArray, Session

# More rows gain nothing on a CPU (64 of them cost a quarter more each), and 16 images of 640 x 640 hold 200 MB.
MAX_ROWS = 16

Prepare = Callable[[Sequence[Image]], FloatArray]
"""Turns images of one size into the batch that a network takes."""


def infer(session: Session, images: Iterable[Image], prepare: Prepare) -> Mapping[str, FloatArray]:
    """Run a network over images of one size, at most `MAX_ROWS` of them at once, drawn from the iterable as needed.

    Returns:
        The outputs by name, a row per image; nothing at all without images, which do not reach the network.

    Raises:
        ModelError: the engine failed.
    """
    waiting = iter(images)
    runs = []
    while chunk := list(islice(waiting, MAX_ROWS)):
        runs.append(session.run(prepare(chunk)))
    if len(runs) == 1:
        return runs[0]
    return {name: np.concatenate([run[name] for run in runs]) for name in (runs[0] if runs else ())}


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
