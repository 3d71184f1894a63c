"""Every model's outputs off by a share drawn at random, as on a processor that rounds otherwise.

`NOISE=1e-4 make test` runs the suite so: `tests/conftest.py` puts this folder in front of PYTHONPATH, and each Python
that is started from then on, workers included, imports this file before anything else. It waits for onnxruntime to be
imported instead of importing it; what is tested knows nothing of it.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_SESSIONS = "onnxruntime.capi.onnxruntime_inference_collection"


class _NoisySessions(MetaPathFinder):
    """Finds the module that defines onnxruntime's sessions, and has them answer with noise once it is loaded."""

    def __init__(self, share: float) -> None:
        self._share = share

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name == _SESSIONS else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            module.InferenceSession.run = _noisy(module.InferenceSession.run, self._share)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _noisy(run: Callable[..., list[Any]], share: float) -> Callable[..., list[Any]]:
    import numpy as np

    random = np.random.default_rng()

    def noisy_run(*arguments: Any, **named: Any) -> list[Any]:
        outputs = run(*arguments, **named)
        return [
            value * random.uniform(1 - share, 1 + share, value.shape).astype(value.dtype)
            if isinstance(value, np.ndarray) and value.dtype.kind == "f"
            else value
            for value in outputs
        ]

    return noisy_run


if "NOISE" in os.environ:
    if _SESSIONS in sys.modules:
        raise ImportError("the noise comes too late: onnxruntime was imported before it")
    sys.meta_path.insert(0, _NoisySessions(float(os.environ["NOISE"])))
