"""A tree of processes: started together, restarted when one dies, stopped together."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import IO

RESTARTS = 3
"""How often a child may die within `RESTARTS_S` before the whole tree stops."""
RESTARTS_S = 60.0


@dataclass(slots=True)
class Child:
    """A process of the tree.

    Attributes:
        name: stands before each line that it logs.
        role: the arguments of `embedded.process`.
        stop_s: how long it may take to end what it is doing.
    """

    name: str
    role: Sequence[str]
    stop_s: float
    process: "subprocess.Popen[str] | None" = None
    died_at: list[float] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None


class ChildDied(Exception):
    """A child died so often that it is no accident."""


class Supervisor:
    """Starts children, watches them, and stops them in the opposite order.

    Args:
        environment: of the children.
        log: where their lines go.
    """

    def __init__(self, environment: Mapping[str, str], log: IO[str]) -> None:
        self._environment = environment
        self._log = log
        self._children: list[Child] = []

    def start(self, child: Child) -> None:
        """Start a child; it is stopped before those that were started earlier."""
        self._children.append(child)
        self._launch(child)

    def pids(self, name: str) -> list[int]:
        """The processes that run under a name."""
        return [child.process.pid for child in self._children if child.name == name and child.process]

    def dead(self) -> str | None:
        """The name of a child that does not run."""
        return next((child.name for child in self._children if not child.alive), None)

    def look(self) -> None:
        """Start again whoever died.

        Raises:
            ChildDied: one dies again and again.
        """
        for child in self._children:
            if child.alive:
                continue
            now = monotonic()
            child.died_at = [at for at in child.died_at if now - at < RESTARTS_S] + [now]
            if len(child.died_at) > RESTARTS:
                raise ChildDied(f"{child.name} died {len(child.died_at)} times within {RESTARTS_S:g} s; see its log")
            self._log.write(f"{child.name:7} | died, starting it again\n")
            self._launch(child)

    def stop(self) -> None:
        """Stop all children; one that does not end in time is killed."""
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
        # A session of its own: Ctrl-C reaches the supervisor alone, which stops the children in order.
        child.process = subprocess.Popen(
            [sys.executable, "-m", "embedded.process", *child.role],
            env=dict(self._environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        Thread(target=self._copy_log, args=(child.name, child.process.stdout), daemon=True).start()

    def _copy_log(self, name: str, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self._log.write(f"{name:7} | {line}")
                self._log.flush()
