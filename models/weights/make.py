"""A model made of the files of its source."""

from collections.abc import Mapping
from pathlib import Path

from models.convert.conversion import convert
from models.weights.check import check
from models.weights.registry import Weights


def make(weights: Weights, files: Mapping[str, bytes], path: Path) -> None:
    """Convert and check; the file at `path` is right when this returns.

    Raises:
        ConversionFailed: the source cannot be converted, or the model does not compute what it does.
        ModelError: the model does not load or run.
    """
    model = convert(weights.converter, files, weights.row, weights.outputs)
    path.write_bytes(model.SerializeToString())
    check(weights, path)
