"""Runs models with onnxruntime; the only module that imports it."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort

from config.engine import ON_CPU, Device, Engine
from models.errors import ModelError, OutOfMemory, ProviderMissing
from models.runtime.providers import LARGEST_SIDE, Providers, providers
from models.runtime.session import FloatArray

_PACKAGE: Mapping[Device, str] = {
    "cpu": "pip install 'faceline[cpu]'",
    "cuda": "pip uninstall onnxruntime; pip install 'faceline[gpu]', and a card that nvidia-smi finds",
    "tensorrt": "the same as for cuda, and TensorRT's libraries on LD_LIBRARY_PATH",
}
# Messages of the arena of a device, of CUDA, cuBLAS and cuDNN, of a limited arena, and of C++.
_OUT_OF_MEMORY = re.compile(
    "failed to allocate memory|out of memory|ALLOC_FAILED|smaller than requested bytes|bad_alloc", re.IGNORECASE
)


class OrtSession:
    """A model loaded by onnxruntime; a `models.runtime.session.Session`.

    Idle threads do not spin: they would take the cores from other threads.

    Raises:
        ModelError: the file is missing or no model.
        ProviderMissing: onnxruntime does not offer the device, or cannot use it.
    """

    def __init__(self, path: Path, engine: Engine = ON_CPU) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = engine.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        wanted = _offered(path, engine)
        try:
            # The fallback of onnxruntime would continue on the CPU, with no more than a line on the standard output.
            self._session = ort.InferenceSession(str(path), options, providers=wanted, enable_fallback=0)
        except Exception as error:  # onnxruntime has no common base of its errors
            if engine.device == "cpu":
                raise ModelError(f"{path.name} does not load: {error}") from error
            raise _missing(
                engine.device, f"{path.name} does not load on {engine.device}: {str(error).strip()}"
            ) from error
        # A provider whose libraries do not load is left out without an error.
        if self._session.get_providers()[: len(wanted)] != [name for name, _ in wanted]:
            raise _missing(engine.device, f"onnxruntime cannot use {engine.device} on this machine")
        (self._input,) = self._session.get_inputs()
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        """See `models.runtime.session.Session.run`.

        Raises:
            ModelError: the engine failed.
            OutOfMemory: the batch is too large for the device.
        """
        try:
            values = self._session.run(self._outputs, {self._input.name: np.ascontiguousarray(batch, np.float32)})
        except Exception as error:  # onnxruntime has no common base of its errors
            failed = OutOfMemory if _OUT_OF_MEMORY.search(str(error)) else ModelError
            raise failed(f"inference failed: {error}") from error
        return dict(zip(self._outputs, values, strict=True))

    def zeros(self, rows: int) -> FloatArray:
        """See `models.runtime.session.WarmableSession.zeros`."""
        # A free first axis is the number of rows; other free axes are heights and widths.
        shape = [length if isinstance(length, int) else LARGEST_SIDE for length in self._input.shape[1:]]
        return np.zeros((rows, *shape), np.float32)


def _offered(path: Path, engine: Engine) -> Providers:
    """The providers for a model on an engine.

    Raises:
        ModelError: the file is missing or no model.
        ProviderMissing: the installed onnxruntime lacks one.
    """
    if engine.device != "cpu":
        _load_cuda()
    # Only TensorRT needs the input to build its engine.
    name, shape = _input_of(path) if engine.device == "tensorrt" else ("", ())
    wanted = providers(engine, name, shape)
    offered = ort.get_available_providers()
    for provider, _ in wanted:
        if provider not in offered:
            raise _missing(engine.device, f"the installed onnxruntime has no {provider}")
    return wanted


def _input_of(path: Path) -> tuple[str, Sequence[int | str | None]]:
    """The name and the shape of a model's input."""
    model = OrtSession(path)._input
    return model.name, model.shape


@cache
def _load_cuda() -> None:
    """Load CUDA and cuDNN from the packages of the extra `gpu`; onnxruntime itself searches the system only."""
    ort.preload_dlls()


def _missing(device: Device, what: str) -> ProviderMissing:
    return ProviderMissing(f"{what}. FACELINE_DEVICE={device} needs: {_PACKAGE[device]}; see docs/gpu.md")
