"""`LoadedModels`: the models and services of a process. Each is loaded at first use and shared by all threads."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import RLock

from config.engine import Engine
from config.options import DEFAULT_OPTIONS, ServiceOptions
from metrics.worker import PADDING_ROWS
from models.catalogue import Catalogue
from models.family import ModelFamily
from models.runtime.batching import BatchingSession
from models.runtime.gpu_memory import measure_gpu_memory
from models.runtime.measured import MeasuredSession
from models.runtime.onnxruntime import OrtSession
from models.runtime.session import WarmableSession, run_zeros
from models.runtime.staging import Staging, cuda_runtime
from models.service import Service
from models.weights.cache import weights_path


class LoadedModels:
    """Loads models and builds the services that run on them. Thread-safe.

    Args:
        catalogue: the services by name.
        weights_dir: the folder of the converted weights.
        engine: what the models run on.
        options: what services are built with.
    """

    def __init__(
        self, catalogue: Catalogue, weights_dir: Path, engine: Engine, options: ServiceOptions = DEFAULT_OPTIONS
    ) -> None:
        self._catalogue = catalogue
        self._weights_dir = weights_dir
        self._engine = engine
        self._options = options
        self._sessions: dict[str, WarmableSession] = {}
        self._services: dict[str, Service] = {}
        self._lock = RLock()

    def session(self, model: str) -> WarmableSession:
        """The session of a model, loaded on first use.

        Raises:
            ModelError: the weights are missing or do not load.
        """
        with self._lock:
            if model not in self._sessions:
                self._sessions[model] = self._load_session(model)
            return self._sessions[model]

    def service(self, name: str) -> Service:
        """A service by name, built on first use.

        Raises:
            ModelError: one of its models is missing or does not load.
        """
        with self._lock:
            if name not in self._services:
                self._services[name] = self._catalogue[name].build(self.session, self._options)
            return self._services[name]

    def load(self, families: Iterable[ModelFamily]) -> None:
        """Load the services of some families, and warm up each model with a batch of each size.

        Raises:
            ModelError: a model is missing, does not load or does not run.
        """
        wanted = set(families)
        for name, service in self._catalogue.items():
            if service.family in wanted:
                self.service(name)
        with self._lock:
            loaded = list(self._sessions.values())
        for session in loaded:
            # The largest first: the memory that it takes is enough for all others.
            for rows in reversed(session.buckets) if isinstance(session, BatchingSession) else [1]:
                run_zeros(session, rows)

    def run_each_once(self) -> Mapping[str, float]:
        """Run one inference of each loaded model.

        Returns:
            How long each took, in milliseconds.

        Raises:
            ModelError: a model does not run.
        """
        with self._lock:
            loaded = dict(self._sessions)
        return {name: run_zeros(session) for name, session in sorted(loaded.items())}

    @property
    def loaded(self) -> list[str]:
        """The names of the loaded models."""
        with self._lock:
            return sorted(self._sessions)

    @property
    def loaded_services(self) -> list[str]:
        """The names of the services that are ready to run."""
        with self._lock:
            return sorted(self._services)

    def close(self) -> None:
        """End the threads that run shared batches; the sessions cannot be used any more."""
        with self._lock:
            for session in self._sessions.values():
                if isinstance(session, BatchingSession):
                    session.close()

    def unload(self) -> None:
        """Forget all models and services, which frees their memory; the next use loads them again."""
        with self._lock:
            self.close()
            self._sessions.clear()
            self._services.clear()

    def _load_session(self, model: str) -> WarmableSession:
        engine = self._engine
        session = MeasuredSession(OrtSession(weights_path(model, self._weights_dir), engine), model, engine.device)
        if not engine.batching:
            return session
        cuda = cuda_runtime() if engine.device != "cpu" else None
        if cuda is not None:
            measure_gpu_memory(cuda, engine.card)
        padding = PADDING_ROWS.labels(model, engine.device)
        return BatchingSession(session, engine.max_rows, staging=Staging(cuda, engine.card), count_padding=padding.inc)
