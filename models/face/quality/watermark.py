"""Watermarks: marks laid over a photo, as far as they show without knowing them."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face.quality.background import off_plane, shrunk, stretched
from models.face.quality.view import Grey, Mask
from models.session import FloatArray

THRESHOLD = 50
_SIZE = 384

# Heights of detail and strokes are shares of a photo's range: from one percentile of its grey levels to the other, so
# that it scores the same when it is dimmed or faded. In a range of fewer levels, rounding and noise would count.
_ENDS = (1, 99)
_LEAST_RANGE = 40.0

# Detail is clipped to this height, so that faint marks count as much as the photo's own edges.
_CLIP = 0.015
_DETAIL = 2.5
# Shifts below this are the width of strokes, and neighbours of a peak do not belong to it.
_NEAR, _AROUND = 14, 6.0
# How far the strongest repetition stands out, in deviations, and its share of all detail: in photos, and in tiled ones.
# Blown-out photos, which have little detail, would pass for repeated by the first alone, and blurred ones by the other.
_ONCE, _REPEATED = np.array([7.0, 0.1]), np.array([17.0, 0.2])
# Where detail deviates by less than this, its repetition says nothing.
_LEAST_DETAIL = 0.0015
_PARTS = 4

_STROKE = 9
_FAINT = 0.02
# Strokes stand out by this many times the median: noise does not.
_ABOVE_NOISE = 5.0
# Letters are lighter or darker than the wall; plaster, tiles and leaves are both.
_TWO_SIDED = 2.0
_MEDIAN = 31
# How far off a plane a background may be besides its strokes: to be plain, and to be none at all.
_PLAIN, _CLUTTERED = 0.03, 0.06
_LEAST_SHARE = 0.02
# Grey levels beyond which a background is clipped, and the share of it that has to be within them to be judged apart.
_BLACK, _BLOWN = 5, 250
_LEAST_WITHIN = 0.05
# The share of a plain background under strokes: of hair and lint, and of a line of letters.
_BARE, _WRITTEN = 0.01, 0.05


def watermark(grey: Grey, background: Mask) -> float:
    """How surely a photo bears a watermark, in [0, 1]: by either of two traces.

    A mark that is tiled over the photo (text, a mesh of lines) repeats at fixed steps, and a face does not: the
    autocorrelation of the clipped detail has a sharp peak away from zero, and that all over the photo. A mark on a
    plain background shows as thin strokes, all lighter or all darker than it. After the observation of Dekel et al.,
    "On the effectiveness of visible watermarks", 2017, that marks give themselves away by consistency; theirs is among
    many photos.

    Both are measured against the range of the photo's own grey levels, so that brightness and contrast hardly matter.

    It sees tiled text at an opacity from about 0.2, meshes of lines from about 0.3, and a single large text where it
    crosses a plain background. It does not see a single mark on a cluttered photo, small or outlined ones, marks so
    faint that noise or a JPEG swallows them, and invisible ones. It takes for watermarks what looks like them: fences,
    lattices and stripes over much of the photo, writing on a plain wall, and the few dark lines that are left of a
    background when nearly all of it is blown out.

    Args:
        grey: (h, w), the whole image.
        background: (256, 256), of the image stretched to a square.
    """
    small = stretched(grey, _SIZE)
    low, high = np.percentile(small, _ENDS)
    span = float(max(high - low, _LEAST_RANGE))
    repeats = np.clip((_repetition(small, span) - _ONCE) / (_REPEATED - _ONCE), 0, 1).min()
    written = np.clip((_strokes(small, background, span) - _BARE) / (_WRITTEN - _BARE), 0, 1)
    return float(1 - (1 - repeats) * (1 - written))


def _heights(grey: Grey, span: float) -> FloatArray:
    """Grey levels as shares of a span of them."""
    return grey.astype(np.float32) / np.float32(span)


def _repetition(grey: Grey, span: float) -> NDArray[np.float64]:
    """How strongly detail repeats at the shift where the autocorrelation peaks highest above its surroundings.

    Returns:
        (2,): the height of that peak in deviations; and the repetition as a share of the detail's variance, the median
        over sixteen parts of the picture, since a flag or a shirt repeats in few of them.
    """
    levels = _heights(grey, span)
    detail = np.clip(levels - cv2.GaussianBlur(levels, (0, 0), _DETAIL), -_CLIP, _CLIP).astype(np.float32)
    pairs, far = _shifts()
    padded = np.zeros((_SIZE * 3 // 2,) * 2, np.float32)
    padded[:_SIZE, :_SIZE] = detail - detail.mean()
    spectrum = cv2.dft(padded, nonzeroRows=_SIZE)
    products = cv2.idft(cv2.mulSpectrums(spectrum, spectrum, 0, conjB=True), flags=cv2.DFT_SCALE)
    reach = _SIZE // 2
    matches = np.hstack([products[:reach, -reach:], products[:reach, : reach + 1]]) / pairs
    peaks = np.abs(matches - cv2.GaussianBlur(matches, (0, 0), _AROUND)) * far
    down, across = (int(at) for at in np.unravel_index(peaks.argmax(), peaks.shape))
    common = cv2.resize(_times_shifted(detail, down, across - reach), (_PARTS, _PARTS), interpolation=cv2.INTER_AREA)
    height = peaks.max() / max(1.4826 * np.median(peaks[far]), 1e-10)
    return np.array([height, np.median(common) / max(matches[0, reach], _LEAST_DETAIL**2)], np.float64)


def _times_shifted(detail: FloatArray, down: int, across: int) -> FloatArray:
    """The product of detail with itself, shifted, where the two overlap."""
    still = detail[down:, max(across, 0) : _SIZE + min(across, 0)]
    moved = detail[: _SIZE - down, max(-across, 0) : _SIZE - max(across, 0)]
    return still * moved


@cache
def _shifts() -> tuple[FloatArray, NDArray[np.bool_]]:
    """The pixels that still overlap, and whether a shift is a far one: down by the row, across by the column."""
    down, across = np.mgrid[: _SIZE // 2, -(_SIZE // 2) : _SIZE // 2 + 1]
    pairs = (_SIZE - down) * (_SIZE - np.abs(across))
    return pairs.astype(np.float32), np.hypot(down, across) > _NEAR


def _strokes(grey: Grey, background: Mask, span: float) -> float:
    """The share of a plain background that thin strokes cover, all lighter or all darker than it; of another, less.

    Of a background that is blown out or black in part, the rest has to bear them too: where levels are clipped, clutter
    looks plain, and shows in one direction alone.
    """
    mask = shrunk(cv2.resize(background, (_SIZE, _SIZE), interpolation=cv2.INTER_NEAREST).astype(np.uint8), _STROKE)
    rows, columns = np.nonzero(mask)
    if len(rows) < _LEAST_SHARE * mask.size:
        return 0.0
    wall = cv2.medianBlur(grey, _MEDIAN)[rows, columns]
    off = off_plane(rows, columns, wall[:, None].astype(np.float64) / span)
    plainness = np.clip((_CLUTTERED - off) / (_CLUTTERED - _PLAIN), 0, 1)
    smooth = cv2.GaussianBlur(_heights(grey, span), (3, 3), 0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_STROKE, _STROKE))
    light, dark = (
        np.asarray(cv2.morphologyEx(smooth, operation, kernel)[rows, columns], np.float32)
        for operation in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    )
    covered = _one_sided(light, dark)
    within = (wall > _BLACK) & (wall < _BLOWN)
    if within.mean() >= _LEAST_WITHIN:
        covered = min(covered, _one_sided(light[within], dark[within]))
    return float(covered * plainness)


def _one_sided(light: FloatArray, dark: FloatArray) -> float:
    """The share of pixels (n,) under strokes of the commoner sign, less what there would be by chance in clutter."""
    less, more = sorted((sign >= max(_FAINT, _ABOVE_NOISE * float(np.median(sign)))).mean() for sign in (light, dark))
    return max(float(more - _TWO_SIDED * less), 0.0)
