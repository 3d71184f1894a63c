"""Cross-validation: what is chosen on most samples is judged on the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
REPEATS = 10

Rows = NDArray[np.intp]


def folds(count: int, repeats: int = REPEATS) -> Iterator[tuple[Rows, Rows]]:
    """Splits samples into five folds, several times in another order; the same splits in each run.

    Yields:
        The rows of the samples to choose on, and the rows of the held-out fold. Within a repetition, each sample is
        held out once.
    """
    random = np.random.default_rng(0)
    for _ in range(repeats):
        order = random.permutation(count)
        for fold in range(FOLDS):
            held_out = np.arange(count) % FOLDS == fold
            yield order[~held_out], order[held_out]
