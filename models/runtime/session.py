"""Sessions: what a service needs of an inference engine, and how it runs a network over images."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from time import perf_counter
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MAX_ROWS = 16
"""Rows of one run: more are not faster on a CPU (64 take a quarter longer each), and 16 of 640 x 640 take 200 MB."""

Input = TypeVar("Input")


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


def infer(
    session: Session, inputs: Iterable[Input], prepare: Callable[[Sequence[Input]], FloatArray]
) -> Mapping[str, FloatArray]:
    """Run a network over any number of inputs, at most `MAX_ROWS` at a time.

    Args:
        session: runs the network.
        inputs: of one size; drawn from the iterable as needed.
        prepare: makes the batch of some inputs.

    Returns:
        The outputs by name, a row per input; without inputs nothing, and the network is not run.

    Raises:
        ModelError: the engine failed.
    """
    waiting = iter(inputs)
    runs = []
    while some := list(islice(waiting, MAX_ROWS)):
        runs.append(session.run(prepare(some)))
    if len(runs) == 1:
        return runs[0]
    return {name: np.concatenate([run[name] for run in runs]) for name in (runs[0] if runs else ())}


class WarmableSession(Session, Protocol):
    """A session that can make an input of its own."""

    def zeros(self, rows: int) -> FloatArray:
        """Rows of zeros, of the largest size that services give the model."""
        ...


def run_zeros(session: WarmableSession, rows: int = 1) -> float:
    """Run rows of zeros.

    Returns:
        How long it took, in milliseconds.

    Raises:
        ModelError: the engine failed.
    """
    batch = session.zeros(rows)
    started = perf_counter()
    session.run(batch)
    return (perf_counter() - started) * 1000
