"""The background behind the people of a photo, and how uniform it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.imaging.crops import resized
from models.imaging.decode import Image
from models.imaging.geometry import Box, Region
from models.imaging.preprocessing import unit_rgb_pixels
from models.imaging.quarters import Quarter, box_as_sent, uprighted
from models.quality.view import Mask
from models.runtime.session import Session, infer

THRESHOLD = 9
SIZE = 256
"""Side of the square that a photo is stretched to."""

CELL = 4
"""Side of the cells of that square; things that change slowly are measured once in each cell."""
CELLS = SIZE // CELL

_SURELY_BACKGROUND = 0.1
# The factor from a box, which reaches from the hairline to the chin, to the head.
_HEAD = 1.3
# The edge that is taken off the mask, so that a mean over as many pixels around a pixel of it is of background only.
_EDGE = 5
_LEAST_SHARE = 0.02
# Colour differences of CIE 1976: what lights and cameras cause on a plain wall, and the difference beyond it at
# which the score is 1/e.
_PLAIN, _SCALE = 2.0, 8.0


@dataclass(frozen=True, slots=True)
class Background:
    """The background of a photo: all but people and heads.

    Attributes:
        photo: (256, 256, 3) uint8, the whole photo stretched to a square, with its people upright.
        mask: (256, 256), 1 where it is background.
    """

    photo: Image
    mask: Mask


class Backgrounds:
    """Separates people from their background with MediaPipe Selfie Segmentation."""

    model = "selfie"

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(
        self, images: Sequence[Image], boxes: Sequence[Sequence[Box]], quarters: Sequence[Quarter]
    ) -> list[Background]:
        """The background of each image: without the people that the network finds, and without the given heads.

        Args:
            images: each (h, w, 3) uint8.
            boxes: of the faces in each image.
            quarters: the quarter turn by which the people in each image are rotated.

        Raises:
            ModelError: the engine failed.
        """
        squares = [
            uprighted(resized(image, SIZE, SIZE), quarter) for image, quarter in zip(images, quarters, strict=True)
        ]
        outputs = infer(self._session, squares, unit_rgb_pixels)
        found = []
        for row, (image, square, heads, quarter) in enumerate(zip(images, squares, boxes, quarters, strict=True)):
            mask = (outputs["alpha"][row].reshape(SIZE, SIZE) < _SURELY_BACKGROUND).astype(np.uint8)
            for box in heads:
                stretched = box * (SIZE / np.array([image.shape[1], image.shape[0]] * 2))
                _remove_head(mask, box_as_sent(stretched, -quarter % 4, SIZE, SIZE))
            found.append(Background(square, shrunk(mask, _EDGE)))
        return found


def shrunk(mask: Mask, width: int) -> Mask:
    """A mask without an edge of half this width; the border of the image is no edge."""
    return np.asarray(cv2.erode(mask, np.ones((width, width), np.uint8)), np.uint8)


def uniformity(background: Background) -> float:
    """How uniform the background is, in [0, 1]; 0 if hardly any of it is visible.

    "Background uniformity" of ISO/IEC 29794-5, with another measure: the distance of its colours from a plane fitted to
    them (root mean square, CIE L*a*b*). So light that fades over a wall is uniform, and spots of two colours are not,
    even if their edges are soft. The standard uses the mean luminance gradient, which noise raises; here the mean over
    the surroundings of each pixel removes noise.
    """
    rows, columns = cells_in(background.mask)
    if len(rows) < _LEAST_SHARE * CELLS**2:
        return 0.0
    smooth = _middles(np.asarray(cv2.blur(background.photo, (_EDGE, _EDGE)), np.uint8)).astype(np.float32)
    colours = cv2.cvtColor(smooth / np.float32(255), cv2.COLOR_BGR2LAB)[rows, columns]
    off = off_plane(rows, columns, np.asarray(colours, np.float64))
    return float(np.exp(-max(off - _PLAIN, 0) / _SCALE))


def cells_in(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns (n,) of the cells in whose middle a mask is 1: enough of them to fit a plane."""
    rows, columns = np.nonzero(_middles(mask))
    return rows, columns


def off_plane(rows: NDArray[np.intp], columns: NDArray[np.intp], values: NDArray[np.float64]) -> float:
    """The root mean square distance of values (n, k) at (rows, columns) from the plane that fits them best."""
    design = np.column_stack([rows, columns, np.ones(len(rows))])
    # The normal equations are accurate here: three unknowns, and points all over the picture.
    _, plane = cv2.solve(design.T @ design, design.T @ values, flags=cv2.DECOMP_SVD)
    return float(np.sqrt(np.square(values - design @ plane).sum() / len(values)))


def _middles(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(256, 256, ...) -> (64, 64, ...): the middle pixel of each cell."""
    return pixels[CELL // 2 :: CELL, CELL // 2 :: CELL]


def _remove_head(mask: Mask, box: Box) -> None:
    """Remove a head from a mask."""
    head = Region.of_box(box).grown(_HEAD)
    start, end = ((head.centre + side * head.size / 2).clip(0, SIZE).astype(int) for side in (-1, 1))
    mask[start[1] : end[1], start[0] : end[0]] = 0
