"""The models and services of a worker process: loaded when they are first needed, shared by its threads."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import RLock

from models.catalogue import services
from models.family import ModelFamily
from models.ort import Device, OrtSession
from models.service import Service
from models.weights.cache import weights_path


class Sessions:
    """The loaded models by name, and the services on them. Thread-safe.

    Args:
        weights_dir: where the converted weights lie.
        device: on what they run.
    """

    def __init__(self, weights_dir: Path, device: Device) -> None:
        self._weights_dir = weights_dir
        self._device: Device = device
        self._sessions: dict[str, OrtSession] = {}
        self._services: dict[str, Service] = {}
        self._lock = RLock()

    def session(self, model: str) -> OrtSession:
        """The session of a model.

        Raises:
            ModelError: the weights are missing or do not load.
        """
        with self._lock:
            if model not in self._sessions:
                self._sessions[model] = OrtSession(weights_path(model, self._weights_dir), self._device)
            return self._sessions[model]

    def service(self, name: str) -> Service:
        """The service of a name.

        Raises:
            ModelError: one of its models is missing or does not load.
        """
        with self._lock:
            if name not in self._services:
                self._services[name] = services()[name](self.session)
            return self._services[name]

    def load(self, families: Iterable[ModelFamily]) -> None:
        """Load the services of some families and run each of their models once.

        Raises:
            ModelError: a model is missing, does not load or does not run.
        """
        wanted = set(families)
        for name, service in services().items():
            if service.family in wanted:
                self.service(name)
        self.check()

    def check(self) -> Mapping[str, float]:
        """Run one inference of each loaded model.

        Returns:
            How long each took, in milliseconds.

        Raises:
            ModelError: one does not run.
        """
        with self._lock:
            loaded = dict(self._sessions)
        return {name: session.rehearse() for name, session in sorted(loaded.items())}

    @property
    def loaded(self) -> list[str]:
        """The names of the loaded models."""
        with self._lock:
            return sorted(self._sessions)
