"""Watermarks: finds marks over a photo without knowing what they look like."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.imaging.crops import resized
from models.imaging.measures import part_means
from models.quality.background import CELL, CELLS, Background, cells_in, off_plane, shrunk
from models.quality.view import Grey, percentiles
from models.runtime.session import FloatArray

THRESHOLD = 50
# Side of the square in which detail is measured: meshes of fine lines are lost in a smaller one.
_SIZE = 384

# Heights of detail and strokes are shares of the range of a photo, from one percentile of its grey levels to the other:
# a dimmed or faded photo gets the same score. In a range of fewer levels, rounding and noise would count.
_ENDS = (0.01, 0.99)
_LEAST_RANGE = 40.0

# Detail is clipped to this height, so that faint marks count as much as the photo's own edges.
_CLIP = 0.015
_DETAIL = 2.5
# Shifts below this are the width of strokes; the deviation of the blur that gives the surroundings of a peak.
_NEAR, _AROUND = 14, 6.0
# How far the strongest repetition stands out, in deviations, and its share of all detail: in photos, and in photos with
# tiled marks. The first alone would find marks in blown-out photos, which have little detail, the second alone in
# blurred ones.
_ONCE, _REPEATED = np.array([7.0, 0.1]), np.array([17.0, 0.2])
# The least deviation of detail: repetition of less means nothing.
_LEAST_DETAIL = 0.0015
_PARTS = 4

_STROKE = 7
_FAINT = 0.02
# Strokes stand out by this many times the median, noise does not.
_ABOVE_NOISE = 5.0
# The median is taken from every eighth pixel.
_SAMPLE = 8
# Letters are lighter or darker than the wall; plaster, tiles and leaves are both.
_TWO_SIDED = 2.0
# The median over a square of this many cells shows a background without its strokes.
_MEDIAN = 9
# Grey levels are counted in sixteenths, in which the smallest blur rounds nothing.
_FINENESS = 16
# The distance of a background without its strokes from a plane: up to which it is plain, and from which it is clutter.
_PLAIN, _CLUTTERED = 0.03, 0.06
_LEAST_SHARE = 0.02
# Grey levels beyond which a background is clipped, and the share inside them from which that part is measured too.
_BLACK, _BLOWN = 5, 250
_LEAST_WITHIN = 0.05
# The share of a plain background under strokes: of hair and lint, and of a line of letters.
_BARE, _WRITTEN = 0.01, 0.05


def watermark(grey: Grey, background: Background) -> float:
    """How surely a photo has a watermark, in [0, 1], by either of two traces.

    A mark that is tiled over the photo (text, a mesh of lines) repeats at fixed steps, and a face does not: the
    autocorrelation of the clipped detail has a sharp peak away from zero, in all parts of the photo. A mark on a plain
    background shows as thin strokes, all lighter or all darker than it. After Dekel et al., "On the effectiveness of
    visible watermarks", 2017, who find marks by their consistency, there over many photos.

    Both are measured against the range of the photo's own grey levels: brightness and contrast hardly matter.

    Found are tiled text at an opacity from about 0.2, meshes of lines from about 0.3, and a single large text that
    crosses a plain background. Not found are a single mark on a cluttered photo, small or outlined marks, marks so
    faint that noise or a JPEG hides them, and invisible marks. Things that look alike count as watermarks: fences,
    lattices and stripes over much of the photo, writing on a plain wall, and the few dark lines of a background that is
    otherwise blown out.

    Args:
        grey: (h, w), the whole image.
        background: of the same image.
    """
    small = resized(grey, _SIZE, _SIZE)
    low, high = percentiles(small, *_ENDS)
    span = max(high - low, _LEAST_RANGE)
    repeats = np.clip((_repetition(small, span) - _ONCE) / (_REPEATED - _ONCE), 0, 1).min()
    written = np.clip((_strokes(background, span) - _BARE) / (_WRITTEN - _BARE), 0, 1)
    return float(1 - (1 - repeats) * (1 - written))


def _repetition(grey: Grey, span: float) -> NDArray[np.float64]:
    """How strongly detail repeats at the shift where the autocorrelation peaks highest above its surroundings.

    Returns:
        (2,): the height of that peak in deviations; and the repetition as a share of the detail's variance, the median
        over sixteen parts of the picture, since a flag or a shirt repeats in few of them.
    """
    levels = grey.astype(np.float32) / np.float32(span)
    detail = np.asarray(np.clip(levels - cv2.GaussianBlur(levels, (0, 0), _DETAIL), -_CLIP, _CLIP), np.float32)
    pairs, far = _shifts()
    products = np.zeros((_SIZE * 3 // 2,) * 2, np.float32)
    products[:_SIZE, :_SIZE] = detail - detail.mean()
    # In place. With the number of rows that are not empty as an argument, cv2 would be slower.
    cv2.dft(products, products)
    cv2.mulSpectrums(products, products, 0, products, conjB=True)
    cv2.idft(products, products, flags=cv2.DFT_SCALE)
    reach = _SIZE // 2
    matches = np.hstack([products[:reach, -reach:], products[:reach, : reach + 1]]) / pairs
    peaks = np.abs(matches - _surroundings(matches)) * far
    down, across = (int(at) for at in np.unravel_index(peaks.argmax(), peaks.shape))
    common = part_means(_times_shifted(detail, down, across - reach), _PARTS, _PARTS)
    # The median of a quarter of them: that of all would take longer than the transform.
    height = peaks.max() / max(1.4826 * np.median(peaks[::2, ::2]), 1e-10)
    return np.array([height, np.median(common) / max(matches[0, reach], _LEAST_DETAIL**2)], np.float64)


def _surroundings(matches: FloatArray) -> FloatArray:
    """A wide blur, drawn at half the size."""
    height, width = matches.shape
    small = cv2.GaussianBlur(cv2.resize(matches, (width // 2, height // 2)), (0, 0), _AROUND / 2)
    return np.asarray(cv2.resize(small, (width, height)), np.float32)


def _times_shifted(detail: FloatArray, down: int, across: int) -> FloatArray:
    """The product of detail with itself, shifted, where the two overlap."""
    still = detail[down:, max(across, 0) : _SIZE + min(across, 0)]
    moved = detail[: _SIZE - down, max(-across, 0) : _SIZE - max(across, 0)]
    return still * moved


@cache
def _shifts() -> tuple[FloatArray, NDArray[np.bool_]]:
    """Of each shift, down by the row and across by the column: the pixels that overlap, and whether it is far."""
    down, across = np.mgrid[: _SIZE // 2, -(_SIZE // 2) : _SIZE // 2 + 1]
    pairs = (_SIZE - down) * (_SIZE - np.abs(across))
    return pairs.astype(np.float32), np.hypot(down, across) > _NEAR


def _strokes(background: Background, span: float) -> float:
    """The share of a plain background that thin strokes cover, all lighter or all darker than it.

    Less if the background is not plain. If parts of it are blown out or black, the rest has to have strokes too: where
    levels are clipped, clutter looks plain, and stands out in one direction only.
    """
    mask = shrunk(background.mask, _STROKE)
    rows, columns = cells_in(mask)
    if len(rows) < _LEAST_SHARE * CELLS**2:
        return 0.0
    grey = cv2.cvtColor(background.photo, cv2.COLOR_BGR2GRAY)
    wall = cv2.medianBlur(cv2.resize(grey, (CELLS, CELLS), interpolation=cv2.INTER_AREA), _MEDIAN)
    off = off_plane(rows, columns, wall[rows, columns, None].astype(np.float64) / span)
    plainness = (_CLUTTERED - off) / (_CLUTTERED - _PLAIN)
    if plainness <= 0:
        return 0.0
    smooth = cv2.GaussianBlur(grey.astype(np.uint16) * np.uint16(_FINENESS), (3, 3), 0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_STROKE, _STROKE))
    behind = mask > 0
    light, dark = (
        cv2.morphologyEx(smooth, operation, kernel)[behind] for operation in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    )
    faint = _FAINT * span * _FINENESS
    covered = _one_sided(light, dark, faint)
    unclipped = (wall > _BLACK) & (wall < _BLOWN)
    within = np.repeat(np.repeat(unclipped, CELL, axis=0), CELL, axis=1)[behind]
    if within.mean() >= _LEAST_WITHIN:
        covered = min(covered, _one_sided(light[within], dark[within], faint))
    return covered * min(plainness, 1.0)


def _one_sided(light: NDArray[Any], dark: NDArray[Any], faint: float) -> float:
    """The share of pixels (n,) under strokes of the more frequent sign, less the share to expect in clutter.

    Args:
        light: by how much each pixel is lighter than its surroundings, in any unit.
        dark: by how much it is darker.
        faint: the least height of a stroke.
    """
    less, more = sorted(_outstanding(heights, faint) for heights in (light, dark))
    return max(more - _TWO_SIDED * less, 0.0)


def _outstanding(heights: NDArray[Any], faint: float) -> float:
    """The share of heights (n,) that belong to strokes."""
    noise = float(np.median(heights[::_SAMPLE]))
    return float((heights >= max(faint, _ABOVE_NOISE * noise)).mean())
