"""What is counted over many answers. Numbers only; empty lists have no mean, and give NaN."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import floor, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Recall and precision while the threshold falls.

    Attributes:
        scores: (n,), falling.
        recall: (n,), in [0, 1].
        precision: (n,), in [0, 1].
    """

    scores: Floats
    recall: Floats
    precision: Floats

    @classmethod
    def of(cls, scored: Sequence[tuple[float, bool]], positives: int) -> "Curve":
        """From the score of each detection and whether it is right, and the number that there is to be found."""
        ordered = sorted(scored, key=lambda detection: -detection[0])
        right = np.cumsum([hit for _, hit in ordered])
        scores = np.array([score for score, _ in ordered], np.float64)
        return cls(scores, right / max(positives, 1), right / np.arange(1, len(ordered) + 1))

    def average_precision(self) -> float:
        """The area under precision over recall, each precision being the best at that recall or above."""
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float(np.diff(self.recall, prepend=0.0) @ best)

    def recall_at_precision(self, precision: float) -> float:
        """The highest recall at which the precision is at least this."""
        return float(self.recall[self.precision >= precision].max(initial=0.0))

    @property
    def final(self) -> tuple[float, float]:
        """Recall and precision of all detections together."""
        return (float(self.recall[-1]), float(self.precision[-1])) if len(self.scores) else (0.0, nan)


def mean(values: ArrayLike) -> float:
    """The mean; NaN of nothing."""
    numbers = np.asarray(values, np.float64)
    return float(numbers.mean()) if numbers.size else nan


def accepted_at(genuine: ArrayLike, impostor: ArrayLike, far: float) -> float:
    """The share of genuine pairs that are more alike than all but `far` of the impostors (ISO/IEC 19795-1: TAR at FAR).

    With fewer than 1 / `far` impostors no impostor may pass.
    """
    strangers = np.sort(np.asarray(impostor, np.float64))[::-1]
    threshold = strangers[floor(far * len(strangers))] if len(strangers) else -np.inf
    return mean(np.asarray(genuine, np.float64) > threshold)


def verification_accuracy(likeness: ArrayLike, same: ArrayLike, folds: int = 10) -> float:
    """Accuracy where each fold is judged by the threshold that is best on the others: the protocol of LFW.

    Folds are laid alternately through the pairs of each kind, so that all hold as many of each (Huang et al.: "Labeled
    Faces in the Wild", 2007).
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
    """The middle between two neighbouring values that tells most of them apart."""
    order = np.argsort(values)
    below = np.concatenate([[-np.inf], values[order]])
    above = np.concatenate([values[order], [np.inf]])
    # The first so many are taken for strangers.
    right = np.concatenate([[0], np.cumsum(~truth[order])]) + np.concatenate([np.cumsum(truth[order][::-1])[::-1], [0]])
    best = int(np.where(below < above, right, -1).argmax())
    return float(np.clip(below[best], -1e9, 1e9) + np.clip(above[best], -1e9, 1e9)) / 2


def area_under_curve(positive: ArrayLike, negative: ArrayLike) -> float:
    """How often a positive scores higher than a negative; half of the ties."""
    higher, lower = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    if not higher.size or not lower.size:
        return nan
    places = ranks(np.concatenate([higher, lower]))[: len(higher)].sum()
    return float((places - len(higher) * (len(higher) + 1) / 2) / (len(higher) * len(lower)))


def macro_f1(truth: Sequence[Hashable], answers: Sequence[Hashable | None]) -> float:
    """The mean over the classes of the truth of each one's F1; None is no class, and so a miss."""
    scores = []
    for kind in dict.fromkeys(truth):
        hits = sum(kind == true == answer for true, answer in zip(truth, answers, strict=True))
        scores.append(2 * hits / (truth.count(kind) + answers.count(kind)))
    return mean(scores)


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """The correlation of two orders (Spearman, 1904); 0 where one of them is all ties."""
    a, b = (values - values.mean() for values in (ranks(first), ranks(second)))
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread else 0.0


def ranks(values: ArrayLike) -> Floats:
    """The place of each value among all, from 1; ties share the mean of their places."""
    _, inverse, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    places: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return places
