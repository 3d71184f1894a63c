"""The only import of onnxruntime."""

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Literal

import numpy as np
import onnxruntime as ort

from models.errors import ModelError, ProviderMissing
from models.session import FloatArray

Device = Literal["cpu", "cuda"]

_PROVIDERS: dict[Device, str] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class OrtSession:
    """A model loaded by onnxruntime; a `models.session.Session`.

    One thread inside, since worker threads already fill the cores; spinning off, since idle threads would burn them.

    Raises:
        ModelError: the file is missing or no model.
        ProviderMissing: onnxruntime does not offer the device.
    """

    def __init__(self, path: Path, device: Device = "cpu") -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        wanted = _PROVIDERS[device]
        if wanted not in ort.get_available_providers():
            raise ProviderMissing(f"{device} was asked for, but the installed onnxruntime offers no {wanted}")
        try:
            self._session = ort.InferenceSession(str(path), options, providers=[wanted])
        except Exception as error:
            raise ModelError(f"{path.name} does not load: {error}") from error
        # onnxruntime falls back to the CPU without a word.
        if self._session.get_providers()[0] != wanted:
            raise ProviderMissing(f"{path.name} was loaded without {wanted}")
        (self._input,) = (given.name for given in self._session.get_inputs())
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        """See `models.session.Session.run`."""
        try:
            values = self._session.run(self._outputs, {self._input: np.ascontiguousarray(batch, dtype=np.float32)})
        except Exception as error:
            raise ModelError(f"inference failed: {error}") from error
        return dict(zip(self._outputs, values, strict=True))

    def rehearse(self) -> float:
        """Run one row of zeros.

        Returns:
            How long it took, in milliseconds.

        Raises:
            ModelError: the engine failed.
        """
        # A free first axis counts rows; other free axes are heights and widths, multiples of 32 throughout.
        declared = self._session.get_inputs()[0].shape
        shape = [size if isinstance(size, int) else 320 if axis else 1 for axis, size in enumerate(declared)]
        started = perf_counter()
        self.run(np.zeros(shape, np.float32))
        return (perf_counter() - started) * 1000
