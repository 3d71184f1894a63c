"""The Celery consumer of a worker: connects again soon after its broker is back, however long the outage was."""

from time import sleep
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.state import maybe_shutdown

PAUSE_S = 0.2
LONGEST_PAUSE_S = 1.0


class Consumer(CeleryConsumer):
    """A consumer with short pauses between its tries to connect; with Celery's own they grow to 30 s."""

    def ensure_connected(self, conn: Any) -> Any:
        """Connect; returns the connection."""
        conn.ensure_connection(
            self._log_failure,
            interval_start=PAUSE_S,
            interval_step=PAUSE_S,
            interval_max=LONGEST_PAUSE_S,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return conn

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the connection, and wait a moment: the server may refuse the next commands too."""
        super().on_connection_error_after_connected(exc)
        sleep(PAUSE_S)

    def _log_failure(self, error: Exception, _pause_s: float) -> None:
        self.on_connection_error_before_connected(error)
