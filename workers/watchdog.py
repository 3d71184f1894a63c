"""`Watchdog`: ends a worker that is stuck in native code, so that other workers take over its messages."""

import faulthandler
import os
import sys
from collections.abc import Callable
from logging import getLogger, shutdown
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from time import monotonic
from traceback import format_stack

from workers.in_hand import StagesInHand

log = getLogger(__name__)

GRACE_S = 15.0
"""So long after its deadline a stage that still runs is stuck: a stage looks at its deadline before each service."""
CHECK_EVERY_S = 3.0
LONGEST_STEP_S = 2 * CHECK_EVERY_S
"""The most time that one check adds: a process that was frozen is not stuck."""


def end_process() -> None:
    """Write the stacks of all threads to the log, and end the process at once: no Python code can end native code."""
    names = {thread.ident: thread.name for thread in enumerate_threads()}
    stacks = {names.get(ident, str(ident)): format_stack(frame) for ident, frame in sys._current_frames().items()}
    log.critical(
        "where each thread was",
        extra={"threads": "\n".join(f"{name}:\n{''.join(lines)}" for name, lines in stacks.items())},
    )
    shutdown()
    os._exit(1)


class Watchdog:
    """Ends the process when one of its stages runs for too long. Has a thread of its own, which waits for no server.

    Args:
        stages: of the process.
        limit_s: how long a stage may run; the time for which it waits for the store does not count.
        waits: whether a thread waits for the store now.
        end: ends the process.
    """

    def __init__(
        self,
        stages: StagesInHand,
        limit_s: float,
        waits: Callable[[int], bool],
        end: Callable[[], None] = end_process,
    ) -> None:
        self._stages = stages
        self._limit_s = limit_s
        self._waits = waits
        self._end = end
        self._checked_at = monotonic()
        self._stopped = Event()

    def start(self) -> None:
        """Start the thread."""
        Thread(target=self._run, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def check(self) -> None:
        """Look at each stage once."""
        now = monotonic()
        step_s = min(now - self._checked_at, LONGEST_STEP_S)
        self._checked_at = now
        for stage in self._stages.running():
            if self._waits(stage.thread):
                continue
            stage.ran_s += step_s
            if stage.ran_s > self._limit_s:
                fields = {"job": stage.job_id, "stage": stage.index, "service": stage.service or "loading images"}
                log.critical("worker ends: a stage is stuck", extra={**fields, "seconds": round(stage.ran_s)})
                self._end()
                return

    def _run(self) -> None:
        while not self._stopped.wait(CHECK_EVERY_S):
            # Native code that keeps the interpreter's lock stops this thread too; then this timer ends the process.
            faulthandler.dump_traceback_later(self._limit_s, exit=True)
            self.check()
        faulthandler.cancel_dump_traceback_later()
