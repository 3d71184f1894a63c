"""What a service consumes of an inference engine."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class Session(Protocol):
    """A loaded model with one input.

    Implementations are thread-safe: worker threads share one session per model.
    """

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        """Infer a batch.

        Args:
            batch: float32, rows along the first axis, at least one.

        Returns:
            The outputs by name; each has one row per row of `batch`.

        Raises:
            ModelError: the engine failed.
        """
        ...


SessionSource = Callable[[str], Session]
"""Gives the session of a model by the model's name in the weights registry."""


class Rehearsable(Session, Protocol):
    """A session that can make up its own input."""

    def blank(self, rows: int) -> FloatArray:
        """Rows of zeros, of the largest size that the model is given."""
        ...


def rehearse(session: Rehearsable, rows: int = 1) -> float:
    """Run some rows of zeros.

    Returns:
        How long it took, in milliseconds.

    Raises:
        ModelError: the engine failed.
    """
    blank = session.blank(rows)
    started = perf_counter()
    session.run(blank)
    return (perf_counter() - started) * 1000
