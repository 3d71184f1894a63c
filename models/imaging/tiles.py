"""Means over parts of a picture."""

import cv2
import numpy as np

from models.runtime.session import FloatArray


def part_means(values: FloatArray, rows: int, columns: int) -> FloatArray:
    """The means of so many equal parts of (h, w), as (rows, columns); what is left at the far edges does not count."""
    tall, wide = values.shape[0] // rows, values.shape[1] // columns
    # By far the fastest way, as long as the parts are whole pixels.
    whole = values[: rows * tall, : columns * wide]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def tile_means(values: FloatArray, side: int) -> FloatArray:
    """The means of square tiles of (h, w); along an axis that is shorter than a tile, there is one of its length."""
    tall, wide = min(values.shape[0], side), min(values.shape[1], side)
    rows, columns = values.shape[0] // tall, values.shape[1] // wide
    return part_means(values[: rows * tall, : columns * wide], rows, columns)
