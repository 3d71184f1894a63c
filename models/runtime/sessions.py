"""The models and services of a worker process: loaded when they are first needed, shared by its threads."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import RLock

from config.engine import Engine
from models.catalogue import Catalogue
from models.family import ModelFamily
from models.runtime.batching import BatchingSession
from models.runtime.onnxruntime import OrtSession
from models.runtime.session import Rehearsable, rehearse
from models.runtime.staging import Staging, cuda_runtime
from models.service import Service
from models.weights.cache import weights_path


class Sessions:
    """The loaded models by name, and the services on them. Thread-safe.

    Args:
        catalogue: of the services that there are.
        weights_dir: where the converted weights lie.
        engine: on what they run.
    """

    def __init__(self, catalogue: Catalogue, weights_dir: Path, engine: Engine) -> None:
        self._catalogue = catalogue
        self._weights_dir = weights_dir
        self._engine = engine
        self._sessions: dict[str, Rehearsable] = {}
        self._services: dict[str, Service] = {}
        self._lock = RLock()

    def session(self, model: str) -> Rehearsable:
        """The session of a model.

        Raises:
            ModelError: the weights are missing or do not load.
        """
        with self._lock:
            if model not in self._sessions:
                self._sessions[model] = self._opened(model)
            return self._sessions[model]

    def _opened(self, model: str) -> Rehearsable:
        session = OrtSession(weights_path(model, self._weights_dir), self._engine)
        if not self._engine.batching:
            return session
        cuda = cuda_runtime() if self._engine.device != "cpu" else None
        return BatchingSession(session, self._engine.max_rows, staging=Staging(cuda, self._engine.card))

    def service(self, name: str) -> Service:
        """The service of a name.

        Raises:
            ModelError: one of its models is missing or does not load.
        """
        with self._lock:
            if name not in self._services:
                self._services[name] = self._catalogue[name](self.session)
            return self._services[name]

    def load(self, families: Iterable[ModelFamily]) -> None:
        """Load the services of some families and run each of their models once, with batches of each size.

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
            # The largest first: what it takes is enough for all others.
            for rows in reversed(session.buckets) if isinstance(session, BatchingSession) else [1]:
                rehearse(session, rows)

    def check(self) -> Mapping[str, float]:
        """Run one inference of each loaded model.

        Returns:
            How long each took, in milliseconds.

        Raises:
            ModelError: one does not run.
        """
        with self._lock:
            loaded = dict(self._sessions)
        return {name: rehearse(session) for name, session in sorted(loaded.items())}

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
        """End the threads that serve shared batches; the sessions are of no use afterwards."""
        with self._lock:
            for session in self._sessions.values():
                if isinstance(session, BatchingSession):
                    session.close()
