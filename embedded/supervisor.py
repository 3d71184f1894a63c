"""Starts the processes of a stack, restarts each that dies, and stops them together."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import IO

from embedded.errors import StackFailed

RESTARTS = 3
"""A child that dies more often within `RESTARTS_S` stops the whole stack."""
RESTARTS_S = 60.0


@dataclass(slots=True)
class Child:
    """A process of the stack.

    Attributes:
        name: the prefix of its lines in the log.
        role: the arguments of `embedded.process`.
        stop_s: how long it may take to finish its current work after SIGTERM.
    """

    name: str
    role: Sequence[str]
    stop_s: float
    process: "subprocess.Popen[str] | None" = None
    died_at: list[float] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts children, restarts dead ones, and stops all in the opposite order.

    Args:
        environment: of the children.
        log: takes the lines that the children write.
    """

    def __init__(self, environment: Mapping[str, str], log: IO[str]) -> None:
        self._environment = environment
        self._log = log
        self._children: list[Child] = []

    def start(self, child: Child) -> None:
        """Start a child; it is stopped before the children that were started earlier."""
        self._children.append(child)
        self._launch(child)

    def pids(self, name: str) -> list[int]:
        """The ids of the processes with a name."""
        return [child.process.pid for child in self._children if child.name == name and child.process]

    def dead(self) -> str | None:
        """The name of a child that does not run; None if all run."""
        return next((child.name for child in self._children if not child.alive), None)

    def restart_dead(self) -> None:
        """Start each dead child again.

        Raises:
            StackFailed: a child died more than `RESTARTS` times within `RESTARTS_S`.
        """
        for child in self._children:
            if child.alive:
                continue
            now = monotonic()
            child.died_at = [at for at in child.died_at if now - at < RESTARTS_S] + [now]
            if len(child.died_at) > RESTARTS:
                raise StackFailed(f"{child.name} died {len(child.died_at)} times within {RESTARTS_S:g} s; see its log")
            self._log.write(f"{child.name:7} | died, starting it again\n")
            self._launch(child)

    def stop(self) -> None:
        """Stop all children; kill a child that does not end within its `stop_s`."""
        while self._children:
            child = self._children.pop()
            if child.process is None:
                continue
            child.process.send_signal(signal.SIGTERM)
            try:
                child.process.wait(child.stop_s)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def _launch(self, child: Child) -> None:
        child.process = subprocess.Popen(
            # -P: a folder `api` or `models` in the working folder is not imported instead of ours.
            [sys.executable, "-P", "-m", "embedded.process", *child.role],
            env=dict(self._environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C in the terminal reaches the supervisor alone, which stops the children in order.
            start_new_session=True,
        )
        Thread(target=self._copy_log, args=(child.name, child.process.stdout), daemon=True).start()

    def _copy_log(self, name: str, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self._log.write(f"{name:7} | {line}")
                self._log.flush()
