"""All pairs of many embeddings, counted by how far they are apart: never more than a strip of them in memory."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Rows of the matrix of cosines that are in memory at a time: 20 MB of them for 10,000 embeddings.
_STRIP = 512


@dataclass(frozen=True, slots=True)
class PairCounts:
    """How many pairs are at most as dissimilar (1 - cosine) as each of some thresholds.

    Attributes:
        thresholds: (n,), growing.
        genuine: (n,), pairs of one label.
        impostor: (n,), pairs of two.
        genuine_pairs: in all.
        impostor_pairs: in all.
    """

    thresholds: NDArray[np.float64]
    genuine: NDArray[np.int64]
    impostor: NDArray[np.int64]
    genuine_pairs: int
    impostor_pairs: int

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], labels: Sequence[Hashable], thresholds: NDArray[np.float64]) -> Self:
        """Count all pairs of embeddings (n, d) of unit length."""
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        owners = np.array([numbers[label] for label in labels], np.intp)
        counts = np.zeros((2, len(thresholds) + 1), np.int64)
        for start in range(0, len(embeddings), _STRIP):
            strip = slice(start, start + _STRIP)
            apart = 1 - embeddings[strip] @ embeddings[start:].T
            # Each pair once, and none of a photo with itself.
            once = np.triu(np.ones(apart.shape, np.bool_), k=1)
            same = owners[strip, None] == owners[None, start:]
            for row, chosen in enumerate((once & same, once & ~same)):
                counts[row] += np.bincount(np.searchsorted(thresholds, apart[chosen]), minlength=counts.shape[1])
        within = counts.cumsum(axis=1)[:, :-1]
        genuine_pairs, impostor_pairs = counts.sum(axis=1).tolist()
        return cls(thresholds, within[0], within[1], genuine_pairs, impostor_pairs)

    @property
    def fa_r(self) -> NDArray[np.float64]:
        """The share of impostor pairs within each threshold."""
        return self.impostor / max(self.impostor_pairs, 1)

    @property
    def fr_r(self) -> NDArray[np.float64]:
        """The share of genuine pairs beyond each threshold."""
        return 1 - self.genuine / max(self.genuine_pairs, 1)
