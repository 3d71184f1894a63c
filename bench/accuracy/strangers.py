"""Pairs of photos of many people: which show strangers or look-alikes, and how many of them verify-matcher accepts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Label
from bench.accuracy.look_alikes import Alikeness, Traits
from bench.accuracy.statistics import wilson_interval
from models.calibration.operating_points import STEPS_PER_DISSIMILARITY, max_distance, sface_calibration
from models.networks.template import decode

Pairs = NDArray[np.bool_]
"""(n, n), symmetric: which pairs of photos count."""

_RESAMPLES = 500
_SEED = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Photos of people, in each of which a face was found.

    Attributes:
        labels: of each photo.
        distances: (n, n), those of verify-matcher.
        strangers: the pairs that show two people.
        look_alikes: the strangers of the same sex and origin and of nearly the same age.
        same_person: the pairs of two photos of one person.
    """

    labels: Sequence[Label]
    distances: NDArray[np.float64]
    strangers: Pairs
    look_alikes: Pairs
    same_person: Pairs

    @classmethod
    def of(
        cls, labels: Sequence[Label], templates: Sequence[bytes | None], person_of: Callable[[Label], str]
    ) -> Self | None:
        """Compares all photos with each other; None if fewer than two have a face."""
        known = [(label, one) for label, one in zip(labels, templates, strict=True) if one is not None]
        if len(known) < 2:
            return None
        embeddings = np.stack([decode(template) for _, template in known])
        distances = np.round(STEPS_PER_DISSIMILARITY * (1.0 - embeddings @ embeddings.T))
        names = {name: number for number, name in enumerate(dict.fromkeys(person_of(label) for label, _ in known))}
        people = np.array([names[person_of(label)] for label, _ in known])
        strangers = people[:, None] != people
        whole = slice(None)
        alike = Alikeness([Traits.of(label.values) for label, _ in known]).block(whole, whole)
        same_person = ~strangers & ~np.eye(len(known), dtype=np.bool_)
        return cls([label for label, _ in known], distances, strangers, strangers & alike, same_person)

    def among(self, group: Sequence[Label]) -> Pairs:
        """The pairs of which both photos belong to a group of the labels."""
        members = {id(label) for label in group}
        inside = np.array([id(label) in members for label in self.labels])
        return np.asarray(inside[:, None] & inside)

    def accepted(self, measure: str, pairs: Pairs, fa_r: float, note: str) -> Figure:
        """The share of pairs that are accepted at a false acceptance rate of the calibration in use."""
        return self._share(measure, pairs, self._within(fa_r), note)

    def rejected(self, measure: str, pairs: Pairs, fa_r: float, note: str) -> Figure:
        """The share of pairs that are not accepted."""
        return self._share(measure, pairs, ~self._within(fa_r), note)

    def _within(self, fa_r: float) -> Pairs:
        return np.asarray(self.distances <= max_distance(sface_calibration(), fa_r))

    def _share(self, measure: str, pairs: Pairs, hits: Pairs, note: str) -> Figure:
        count, hit = int(pairs.sum()) // 2, int((pairs & hits).sum()) // 2
        photos = int(pairs.any(axis=1).sum())
        low, high = _interval(pairs, pairs & hits)
        note = f"{note}; pairs of {photos} photos; {low:.4f} to {high:.4f} (95 %)"
        return Figure(measure, hit / count if count else np.nan, count, 0, note)


def _interval(pairs: Pairs, hits: Pairs) -> tuple[float, float]:
    """The 95 % interval of the share of hits among pairs.

    Pairs that share a photo are not independent, so the photos are drawn again and again (bootstrap). Where few pairs
    are hits, the interval of independent pairs is wider, and counts (Wilson).
    """
    low, high = wilson_interval(int(hits.sum()) // 2, int(pairs.sum()) // 2)
    used = np.flatnonzero(pairs.any(axis=1))
    if not len(used):
        return low, high
    weights = np.random.default_rng(_SEED).multinomial(len(used), [1 / len(used)] * len(used), _RESAMPLES).astype(float)
    among = np.ix_(used, used)
    drawn, drawn_hits = (((weights @ kind[among]) * weights).sum(axis=1) for kind in (pairs, hits))
    shares = drawn_hits[drawn > 0] / drawn[drawn > 0]
    bounds = np.quantile(shares, [0.025, 0.975]).tolist() if len(shares) else [low, high]
    return min(low, bounds[0]), max(high, bounds[1])
