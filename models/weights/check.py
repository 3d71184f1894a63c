"""Whether a converted model computes what its source does."""

from pathlib import Path

import numpy as np
import onnx

from models.convert.errors import ConversionFailed
from models.runtime.onnxruntime import OrtSession
from models.weights.fingerprint import deviation, figures, peak
from models.weights.probe import probe
from models.weights.registry import Weights

_BATCH = 8
# Engines and processors differ by less than 1e-4, wrong conversions by more than 1e-2.
_TOLERANCE = 1e-3


def check(weights: Weights, path: Path) -> None:
    """Check a converted model in three ways.

    It must be valid ONNX; rows of a batch must come out as they do alone; and a probe must come out as it did where the
    figures were taken, in the runtime that the source was made for.

    Raises:
        ConversionFailed: it does not hold.
        ModelError: the model does not load or run.
    """
    try:
        onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise _failure(weights, f"is no valid ONNX: {error}") from error
    session = OrtSession(path)
    batch = np.stack([probe(weights.row, weights.value_range, seed) for seed in range(_BATCH)])
    together = session.run(batch)
    for row in range(_BATCH):
        for name, alone in session.run(batch[row : row + 1]).items():
            if together[name].shape != (_BATCH, *alone.shape[1:]):
                raise _failure(weights, f"gives {name} of shape {together[name].shape} for a batch of {_BATCH}")
            off = deviation(together[name][row], alone[0], peak(alone))
            if off > _TOLERANCE:
                raise _failure(weights, f"gives another {name} in a batch than alone, off by {off:.2g} of its peak")
    if together.keys() != weights.fingerprint.keys():
        raise _failure(weights, f"gives {', '.join(together)} instead of {', '.join(weights.fingerprint)}")
    for name, expected in weights.fingerprint.items():
        found = figures(together[name][0])
        off = deviation(found, expected, expected[1]) if len(found) == len(expected) else float("inf")
        if off > _TOLERANCE:
            raise _failure(weights, f"gives another {name} than its source, off by {off:.2g} of its peak")


def _failure(weights: Weights, what: str) -> ConversionFailed:
    return ConversionFailed(
        f"{weights.name} as converted {what}. Nothing was stored. Please report this, with your version of onnx "
        f"({onnx.__version__}); the version that `pip install 'faceline[weights]'` brings is known to work"
    )
