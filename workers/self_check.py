"""`SelfCheck`: runs each model of a worker once, for the checks of `/readyz`."""

from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic

from jobs.redis.presence import CheckReport
from models.errors import ModelError

FRESH_S = 3.0
"""How long an outcome answers further checks: each family that a worker has asks it, and so does each API process."""


class SelfCheck:
    """Runs the models, and keeps the outcome for a moment. Thread-safe.

    Args:
        worker: the name of the worker.
        run_each_once: runs each model once, and gives the time of each in milliseconds; raises `ModelError`.
    """

    def __init__(self, worker: str, run_each_once: Callable[[], Mapping[str, float]]) -> None:
        self._worker = worker
        self._run_each_once = run_each_once
        self._lock = Lock()
        self._ran_at = float("-inf")
        self._report = CheckReport(worker=worker, ms={})

    def report(self) -> CheckReport:
        """The outcome of a check that is at most `FRESH_S` old."""
        with self._lock:
            if monotonic() - self._ran_at > FRESH_S:
                self._report = self._run()
                self._ran_at = monotonic()
            return self._report

    def _run(self) -> CheckReport:
        try:
            return CheckReport(worker=self._worker, ms=dict(self._run_each_once()))
        except ModelError as error:
            return CheckReport(worker=self._worker, ms={}, error=str(error))
