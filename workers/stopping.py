"""How a worker ends: after the first signal it finishes its stages, after a second one it ends at once."""

import os
import signal
from logging import getLogger, shutdown

from celery.worker import state

from workers.in_hand import StagesInHand

log = getLogger(__name__)


class Stopping:
    """Handles SIGTERM and SIGINT in the place of Celery, which takes messages for up to a second after the signal.

    Args:
        stages: that the process works on.
    """

    def __init__(self, stages: StagesInHand) -> None:
        self._stages = stages

    def handle_signals(self) -> None:
        """Handle the signals from now on. SIGINT may be ignored before: scripts start processes in that way."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, *_: object) -> None:
        jobs = [stage.job_id for stage in self._stages.all()]
        if is_stopping():
            log.critical("worker ends at once: its stages are cut off, and run again on another", extra={"jobs": jobs})
            shutdown()
            os._exit(1)
        state.should_stop = os.EX_OK
        log.info("worker ends: it takes no more messages, and finishes its stages", extra={"stages": len(jobs)})


def is_stopping() -> bool:
    """Whether this worker takes no more messages."""
    return state.should_stop is not None or state.should_terminate is not None
