"""Whether confidences mean what they say: of the answers with a confidence of 0.8, eight in ten should be right.

The expected calibration error is the mean distance between the confidence and the share of right answers, over bins of
equal width, weighted by the number of answers (Guo et al.: "On calibration of modern neural networks", ICML 2017).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.accuracy.figures import Figure
from bench.accuracy.folds import FOLDS, folds

BINS = 10
_TEMPERATURES = np.geomspace(1 / 8, 8, 241)
# Shares of exactly 0 have no logarithm.
_FLOOR = 1e-9
# With fewer answers, a fold of a fifth of them says nothing.
_FEWEST = 10 * FOLDS
# With fewer of a class, some folds have none of it.
_FEWEST_OF_A_CLASS = FOLDS

Shares = NDArray[np.float64]


def calibration_error(confidences: ArrayLike, right: ArrayLike) -> float:
    """The expected calibration error over ten bins, in [0, 1]; 0 for no answers."""
    sure, hits = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    bins = _bins(sure)
    gaps = [abs(float((sure - hits)[bins == index].sum())) for index in range(BINS)]
    return sum(gaps) / max(len(sure), 1)


def tempered(shares: Shares, temperature: float) -> Shares:
    """Shares (n, classes) with the logarithms divided by a temperature; above 1 makes them less sure."""
    scores = np.log(shares.clip(_FLOOR)) / temperature
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    softer: Shares = weights / weights.sum(axis=1, keepdims=True)
    return softer


def fitted_temperature(shares: Shares, truth: NDArray[np.intp]) -> float:
    """The temperature that makes the true classes likeliest: (n, classes) and the true class of each row."""
    rows = np.arange(len(truth))
    losses = [-np.log(tempered(shares, each)[rows, truth].clip(_FLOOR)).mean() for each in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def reliability(shares: Sequence[Sequence[float]], truth: Sequence[int], not_found: int, note: str) -> list[Figure]:
    """The calibration error of a service, what a temperature would change, and the share of right answers per bin.

    A face that was not found has no confidence; it counts in n and in `not_found` of the first figure only.

    Args:
        shares: of each answer, one share per class; they sum to 1.
        truth: the true class of each answer.
        not_found: the number of faces that were not found.
        note: the sources of the photos.
    """
    if not len(shares):
        return []
    given, true = np.array(shares, np.float64), np.array(truth, np.intp)
    right = given.argmax(axis=1) == true
    sure = given.max(axis=1)
    figures = [
        Figure("calibration error", calibration_error(sure, right), len(sure) + not_found, not_found, note),
        Figure("confidence, mean", float(sure.mean()), len(sure), 0, f"{right.mean():.3f} of these answers are right"),
    ]
    if len(sure) >= _FEWEST and np.bincount(true, minlength=given.shape[1]).min() >= _FEWEST_OF_A_CLASS:
        figures += _refitted(given, true)
    bins = _bins(sure)
    for index in np.unique(bins):
        chosen = bins == index
        figures.append(
            Figure(
                f"right at a confidence of {index / BINS:.1f} to {(index + 1) / BINS:.1f}",
                float(right[chosen].mean()),
                int(chosen.sum()),
                0,
                f"mean confidence {sure[chosen].mean():.3f}",
            )
        )
    return figures


def _refitted(shares: Shares, truth: NDArray[np.intp]) -> list[Figure]:
    """The calibration error with a temperature that is fitted by cross-validation; answers stay the same."""
    right = shares.argmax(axis=1) == truth
    softer, temperatures = np.empty(len(truth)), []
    for chosen_on, held_out in folds(len(truth), repeats=1):
        temperatures.append(fitted_temperature(shares[chosen_on], truth[chosen_on]))
        softer[held_out] = tempered(shares[held_out], temperatures[-1]).max(axis=1)
    note = f"{FOLDS} folds; on top of the service's own: {min(temperatures):.2f} to {max(temperatures):.2f}"
    return [
        Figure(
            "calibration error, temperature by cross-validation", calibration_error(softer, right), len(truth), 0, note
        )
    ]


def _bins(confidences: Shares) -> NDArray[np.intp]:
    return np.minimum((confidences * BINS).astype(np.intp), BINS - 1)
