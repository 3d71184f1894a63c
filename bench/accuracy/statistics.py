"""Statistics over many answers: curves, means, rates and rank correlations. The mean of an empty list is NaN."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import floor, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Recall and precision at each threshold.

    Attributes:
        scores: (n,), the thresholds, falling.
        recall: (n,), in [0, 1].
        precision: (n,), in [0, 1].
    """

    scores: Floats
    recall: Floats
    precision: Floats

    @classmethod
    def of(cls, scored: Sequence[tuple[float, bool]], positives: int) -> "Curve":
        """The curve of some detections.

        Args:
            scored: the score of each detection, and whether it is right.
            positives: the number of objects to find.
        """
        ordered = sorted(scored, key=lambda detection: -detection[0])
        right = np.cumsum([hit for _, hit in ordered])
        scores = np.array([score for score, _ in ordered], np.float64)
        return cls(scores, right / max(positives, 1), right / np.arange(1, len(ordered) + 1))

    def average_precision(self) -> float:
        """The area under the curve, with the best precision at each recall or above (PASCAL VOC since 2010)."""
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float(np.diff(self.recall, prepend=0.0) @ best)

    def recall_at_precision(self, precision: float) -> float:
        """The highest recall at which the precision is at least the given one; 0 if there is none."""
        return float(self.recall[self.precision >= precision].max(initial=0.0))

    @property
    def final(self) -> tuple[float, float]:
        """Recall and precision at the lowest threshold: over all detections."""
        return (float(self.recall[-1]), float(self.precision[-1])) if len(self.scores) else (0.0, nan)


def mean(values: ArrayLike) -> float:
    """The mean; NaN for an empty list."""
    numbers = np.asarray(values, np.float64)
    return float(numbers.mean()) if numbers.size else nan


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """The interval in which a share is with a certainty of 95 % (Wilson, 1927); from 0 to 1 without samples."""
    if not count:
        return 0.0, 1.0
    share, spread = hits / count, 1.96**2 / count
    centre = (share + spread / 2) / (1 + spread)
    reach = sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def accepted_at(genuine: ArrayLike, impostor: ArrayLike, far: float) -> float:
    """TAR at FAR (ISO/IEC 19795-1): the share of genuine pairs above a threshold.

    The threshold is the one that a share `far` of the impostor pairs exceeds. With fewer than 1 / `far` impostor pairs,
    none of them exceeds it.
    """
    impostors = np.sort(np.asarray(impostor, np.float64))[::-1]
    threshold = impostors[floor(far * len(impostors))] if len(impostors) else -np.inf
    return mean(np.asarray(genuine, np.float64) > threshold)


def verification_accuracy(likeness: ArrayLike, same: ArrayLike, folds: int = 10) -> float:
    """Accuracy by the protocol of LFW: each fold is classified with the threshold that is best on the other folds.

    Genuine and impostor pairs are dealt to the folds in turn, so that each fold has the same number of each (Huang et
    al.: "Labeled Faces in the Wild", 2007).
    """
    values, truth = np.asarray(likeness, np.float64), np.asarray(same, np.bool_)
    fold = np.empty(len(values), np.intp)
    for kind in (True, False):
        fold[truth == kind] = np.arange((truth == kind).sum()) % folds
    right = np.empty(len(values), np.bool_)
    for index in range(folds):
        held_out = fold == index
        threshold = _best_threshold(values[~held_out], truth[~held_out])
        right[held_out] = (values[held_out] > threshold) == truth[held_out]
    return mean(right)


def _best_threshold(values: Floats, truth: NDArray[np.bool_]) -> float:
    """The threshold with the fewest errors: the middle between two neighbouring values."""
    order = np.argsort(values)
    below = np.concatenate([[-np.inf], values[order]])
    above = np.concatenate([values[order], [np.inf]])
    # right[i]: correct answers if the i lowest values are called impostors.
    right = np.concatenate([[0], np.cumsum(~truth[order])]) + np.concatenate([np.cumsum(truth[order][::-1])[::-1], [0]])
    best = int(np.where(below < above, right, -1).argmax())
    return float(np.clip(below[best], -1e9, 1e9) + np.clip(above[best], -1e9, 1e9)) / 2


def area_under_curve(positive: ArrayLike, negative: ArrayLike) -> float:
    """The share of pairs in which the positive scores higher than the negative; ties count half (Mann-Whitney U)."""
    higher, lower = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    if not higher.size or not lower.size:
        return nan
    rank_sum = ranks(np.concatenate([higher, lower]))[: len(higher)].sum()
    return float((rank_sum - len(higher) * (len(higher) + 1) / 2) / (len(higher) * len(lower)))


def macro_f1(truth: Sequence[Hashable], answers: Sequence[Hashable | None]) -> float:
    """The mean F1 over the true classes; an answer of None is wrong for each class."""
    scores = []
    for kind in dict.fromkeys(truth):
        hits = sum(kind == true == answer for true, answer in zip(truth, answers, strict=True))
        scores.append(2 * hits / (truth.count(kind) + answers.count(kind)))
    return mean(scores)


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """The rank correlation (Spearman, 1904); 0 if all values of one list are equal."""
    a, b = (values - values.mean() for values in (ranks(first), ranks(second)))
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread else 0.0


def ranks(values: ArrayLike) -> Floats:
    """The rank of each value, from 1 for the lowest; ties share the mean of their ranks."""
    _, inverse, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    mean_ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return mean_ranks
