"""`make`: converts one model, writes its ONNX file and checks it against its fingerprint.

The only module here that needs onnx: a running service imports none of it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from models.convert.conversion import convert
from models.errors import ConversionFailed
from models.runtime.onnxruntime import OrtSession
from models.runtime.session import FloatArray, Session
from models.weights.fingerprint import deviation, figures, peak, probe
from models.weights.registry import Weights

_BATCH = 8
# Engines and processors differ by less than 1e-4, wrong conversions by more than 1e-2.
_TOLERANCE = 1e-3


def make(weights: Weights, files: Mapping[str, bytes], path: Path) -> None:
    """Convert the files of a model into `path`, and check the result.

    Raises:
        ConversionFailed: the source cannot be converted, or the model computes something else.
        ModelError: the model does not load or run.
    """
    model = convert(weights.converter, files, weights.row, weights.outputs)
    path.write_bytes(model.SerializeToString())
    check(weights, path)


def check(weights: Weights, path: Path) -> None:
    """Check a converted model: it is valid ONNX, its rows do not depend on their batch, and its fingerprint is right.

    Raises:
        ConversionFailed: a check failed.
        ModelError: the model does not load or run.
    """
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise _failure(weights, f"is no valid ONNX: {error}") from error
    session = OrtSession(path)
    batch = np.stack([probe(weights.row, weights.value_range, seed) for seed in range(_BATCH)])
    outputs = session.run(batch)
    _check_rows(weights, session, batch, outputs)
    _check_fingerprint(weights, {name: output[0] for name, output in outputs.items()})


def _check_rows(weights: Weights, session: Session, batch: FloatArray, together: Mapping[str, FloatArray]) -> None:
    """Each row of a batch gives what it gives alone."""
    for row in range(_BATCH):
        for name, alone in session.run(batch[row : row + 1]).items():
            if together[name].shape != (_BATCH, *alone.shape[1:]):
                raise _failure(weights, f"gives {name} of shape {together[name].shape} for a batch of {_BATCH}")
            off = deviation(together[name][row], alone[0], peak(alone))
            if off > _TOLERANCE:
                raise _failure(weights, f"gives another {name} in a batch than alone, off by {off:.2g} of its peak")


def _check_fingerprint(weights: Weights, outputs: Mapping[str, FloatArray]) -> None:
    """The outputs for the first probe match the figures taken in the runtime that the source was made for."""
    if outputs.keys() != weights.fingerprint.keys():
        raise _failure(weights, f"gives {', '.join(outputs)} instead of {', '.join(weights.fingerprint)}")
    for name, expected in weights.fingerprint.items():
        found = figures(outputs[name])
        off = deviation(found, expected, expected[1]) if len(found) == len(expected) else float("inf")
        if off > _TOLERANCE:
            raise _failure(weights, f"gives another {name} than its source, off by {off:.2g} of its peak")


def _failure(weights: Weights, what: str) -> ConversionFailed:
    return ConversionFailed(
        f"{weights.name} as converted {what}. Nothing was stored. Please report this, with your version of onnx "
        f"({onnx.__version__}); the version that `pip install 'faceline[weights]'` brings is known to work"
    )
