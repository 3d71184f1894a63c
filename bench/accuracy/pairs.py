"""Counts all pairs of many embeddings by their distance, and look-alikes among them, block by block."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.look_alikes import Alikeness, Traits

# 20 MB of distances in memory at a time for 10,000 embeddings.
_ROWS_AT_A_TIME = 512


@dataclass(frozen=True, slots=True)
class PairCounts:
    """The number of pairs whose distance (1 - cosine) is at most each of several thresholds.

    Attributes:
        thresholds: (n,), growing.
        genuine: (n,), pairs with one label at or below each threshold.
        impostor: (n,), pairs with two labels at or below each threshold.
        genuine_pairs: the number of all pairs with one label.
        impostor_pairs: the number of all pairs with two labels.
        look_alike: (n,), look-alikes at or below each threshold: impostor pairs whose traits are alike.
        look_alike_pairs: the number of all look-alikes.
    """

    thresholds: NDArray[np.float64]
    genuine: NDArray[np.int64]
    impostor: NDArray[np.int64]
    genuine_pairs: int
    impostor_pairs: int
    look_alike: NDArray[np.int64]
    look_alike_pairs: int

    @classmethod
    def of(
        cls,
        embeddings: NDArray[np.float32],
        labels: Sequence[Hashable],
        thresholds: NDArray[np.float64],
        traits: Sequence[Traits | None] = (),
    ) -> Self:
        """Counts all pairs of embeddings: (n, d) float32 of unit length.

        Args:
            embeddings: of a photo each.
            labels: the person in each photo.
            thresholds: distances, growing.
            traits: of the person in each photo, where they are known; without them, no pair counts as look-alikes.
        """
        alike = Alikeness(traits or [None] * len(labels))
        numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        owners = np.array([numbers[label] for label in labels], np.intp)
        counts = np.zeros((3, len(thresholds) + 1), np.int64)
        for start in range(0, len(embeddings), _ROWS_AT_A_TIME):
            rows = slice(start, start + _ROWS_AT_A_TIME)
            distances = 1 - embeddings[rows] @ embeddings[start:].T
            # Each pair counts once, and no photo is paired with itself.
            once = np.triu(np.ones(distances.shape, np.bool_), k=1)
            same = owners[rows, None] == owners[None, start:]
            look_alikes = once & ~same & alike.block(rows, slice(start, None))
            for kind, chosen in enumerate((once & same, once & ~same, look_alikes)):
                counts[kind] += np.bincount(np.searchsorted(thresholds, distances[chosen]), minlength=counts.shape[1])
        within = counts.cumsum(axis=1)[:, :-1]
        genuine_pairs, impostor_pairs, look_alike_pairs = counts.sum(axis=1).tolist()
        return cls(thresholds, within[0], within[1], genuine_pairs, impostor_pairs, within[2], look_alike_pairs)

    @property
    def fa_r(self) -> NDArray[np.float64]:
        """The share of impostor pairs at or below each threshold (false acceptance rate)."""
        return self.impostor / max(self.impostor_pairs, 1)

    @property
    def fr_r(self) -> NDArray[np.float64]:
        """The share of genuine pairs above each threshold (false rejection rate)."""
        return 1 - self.genuine / max(self.genuine_pairs, 1)

    @property
    def look_alike_rate(self) -> NDArray[np.float64]:
        """The share of look-alikes at or below each threshold."""
        return self.look_alike / max(self.look_alike_pairs, 1)
