"""`MeasuredSession`: measures each run of a session."""

from collections.abc import Mapping
from time import perf_counter

from metrics import worker as metrics
from models.errors import OutOfMemory
from models.runtime.session import FloatArray, WarmableSession
from traces import spans


class MeasuredSession:
    """A session whose runs are measured; a `models.runtime.session.WarmableSession`.

    Args:
        session: runs the batches.
        model: the name of its model.
        device: that it runs on.
    """

    def __init__(self, session: WarmableSession, model: str, device: str) -> None:
        self._session = session
        self._step, self._attributes = f"model {model}", {"faceline.model": model, "faceline.device": device}
        self._seconds = metrics.MODEL_SECONDS.labels(model, device)
        self._rows = metrics.MODEL_ROWS.labels(model, device)
        self._out_of_memory = metrics.OUT_OF_MEMORY.labels(model, device)

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        """See `models.runtime.session.Session.run`."""
        began = perf_counter()
        try:
            with spans.step(self._step, {**self._attributes, "faceline.rows": len(batch)}):
                outputs = self._session.run(batch)
        except OutOfMemory:
            self._out_of_memory.inc()
            raise
        self._seconds.observe(perf_counter() - began)
        self._rows.observe(len(batch))
        return outputs

    def zeros(self, rows: int) -> FloatArray:
        """See `models.runtime.session.WarmableSession.zeros`."""
        return self._session.zeros(rows)
