"""What a service consumes of an inference engine."""

from collections.abc import Callable, Mapping
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
