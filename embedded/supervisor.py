"""Starts the processes of a stack, restarts each that dies, and stops them together."""

import math
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic, sleep
from typing import IO

from embedded.log import StackLog

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
HEALTHY_S = 30.0
"""A child that ran for so long is healthy: its earlier deaths no longer count."""
LOOK_EVERY_S = 0.02
KILL_AFTER_S = 5.0
"""A child that is to end at once has so long for it."""


@dataclass(slots=True)
class Child:
    """A process of the stack.

    Attributes:
        name: the prefix of its lines in the log.
        role: the arguments of `embedded.process`.
        stop_s: how long it may take to finish its current work after SIGTERM.
        alone_s: how long it may continue once the others have ended; then it gets a second SIGTERM.
        last: whether the others need it to finish their work, so that it is stopped after them.
        environment: variables of this child alone.
        deaths: how often it died since it was healthy.
        ending: how it ended the last time, or why it could not be started.
        started_at: a time of `monotonic`.
        restart_at: a time of `monotonic`; None while the process runs.
    """

    name: str
    role: Sequence[str]
    stop_s: float
    alone_s: float = math.inf
    last: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None
    deaths: int = 0
    ending: str = ""
    started_at: float = 0
    restart_at: float | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def __str__(self) -> str:
        return f"{self.name} {self.process.pid}" if self.process else self.name

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal, if it runs."""
        if self.process is not None and self.alive:
            self.process.send_signal(number)

    def note_death(self, now: float) -> None:
        """Count a death; the pause before the restart doubles with each, and there is none after the first."""
        self.deaths = 1 if now - self.started_at >= HEALTHY_S else self.deaths + 1
        self.restart_at = now + _pause_s(self.deaths)
        if self.process is not None:
            code = self.process.returncode
            self.ending = f"exit code {code}" if code >= 0 else _signal_name(-code)


def _pause_s(deaths: int) -> float:
    # Above 16 doublings the pause is at its longest anyway, and after 1,024 it would be too large for a float.
    return min(FIRST_PAUSE_S * 2 ** min(deaths - 2, 16), LONGEST_PAUSE_S) if deaths > 1 else 0


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Supervisor:
    """Starts children, restarts dead ones, and stops all together.

    A child that dies again and again is started again after growing pauses; the other children run on. A child that the
    system cannot start counts as one that died.

    Args:
        environment: of the children.
        log: takes the lines that the children write.
        json_lines: whether each line of the log is a JSON object; if not, each begins with the name of its child.

    Attributes:
        killed: the children that `stop` ended before they had finished their work.
    """

    def __init__(self, environment: Mapping[str, str], log: IO[str], *, json_lines: bool = False) -> None:
        self._environment = environment
        self._log = StackLog(log, json_lines=json_lines)
        self._children: list[Child] = []
        self.killed: list[str] = []

    def start(self, child: Child) -> None:
        """Start a child."""
        self._children.append(child)
        self._launch(child)

    def pids(self, name: str) -> list[int]:
        """The ids of the processes with a name."""
        return [child.process.pid for child in self._children if child.name == name and child.process]

    def dead(self) -> str | None:
        """The name of a child that does not run; None if all run."""
        return next((child.name for child in self._children if not child.alive), None)

    def restart_dead(self) -> None:
        """Start the dead children again whose pause is over."""
        for child in self._children:
            if child.alive:
                continue
            now = monotonic()
            if child.restart_at is None:
                child.note_death(now)
                assert child.restart_at is not None
                pause = f" in {child.restart_at - now:g} s" if child.restart_at > now else ""
                self._write(child, f"died ({child.ending}), starting it again{pause}", level="ERROR")
            if now >= child.restart_at:
                self._launch(child)

    def failing(self) -> list[str]:
        """The children that died more than once and are not healthy since, each with the way in which it ended."""
        now = monotonic()
        return [
            f"{child.name} died {child.deaths} times in a row ({child.ending}); its log says why"
            for child in self._children
            if child.deaths > 1 and (not child.alive or now - child.started_at < HEALTHY_S)
        ]

    def stop(self) -> None:
        """Stop all children at the same time, but the server last, since the others need it.

        A child that does not end within its `stop_s` is killed. A `KeyboardInterrupt` kills all that still work.
        """
        try:
            for last in (False, True):
                self._stop([child for child in self._children if child.last == last])
        except KeyboardInterrupt:
            working = [child for child in self._children if child.alive]
            for child in working:
                if child.last:
                    # It ends quickly, and writes its data to the disk.
                    child.signal(signal.SIGTERM)
                else:
                    self._kill(child, "killed before it had finished its work")
            self._await(working, KILL_AFTER_S)
        for child in self._children:
            if child.alive:
                self._kill(child, "killed: it did not end")
        self._children.clear()

    def _stop(self, children: Sequence[Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        told_at = monotonic()
        self._await([child for child in children if child.alone_s == math.inf])
        alone_at = monotonic()
        for child in children:
            if child.alone_s < math.inf:
                self._await([child], min(child.alone_s, max(0, told_at + child.stop_s - alone_at)))
                child.signal(signal.SIGTERM)
                self._await([child], KILL_AFTER_S)
        for child in children:
            if child.alive:
                self._kill(child, f"killed: it did not end within {child.stop_s:g} s")

    def _await(self, children: Sequence[Child], within_s: float | None = None) -> None:
        """Wait until children have ended, each at most its `stop_s`, or all at most `within_s`."""
        since = monotonic()
        while any(
            child.alive and monotonic() < since + (child.stop_s if within_s is None else within_s) for child in children
        ):
            sleep(LOOK_EVERY_S)

    def _kill(self, child: Child, reason: str) -> None:
        assert child.process is not None
        self.killed.append(str(child))
        self._write(child, reason, level="ERROR")
        child.process.kill()
        child.process.wait()

    def _launch(self, child: Child) -> None:
        child.process, child.started_at, child.restart_at = None, monotonic(), None
        try:
            child.process = subprocess.Popen(
                # -P: a folder `api` or `models` in the working folder is not imported instead of ours.
                [sys.executable, "-P", "-m", "embedded.process", *child.role],
                env={**self._environment, **child.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # Ctrl-C in the terminal reaches the supervisor alone, which stops the children in order.
                start_new_session=True,
            )
            Thread(target=self._copy_log, args=(child, child.process.stdout), daemon=True).start()
        except (OSError, RuntimeError) as error:
            # The system has no memory, no processes or no threads left. `restart_dead` tries again.
            self._discard(child)
            child.ending = f"could not be started: {getattr(error, 'strerror', None) or error}"
            self._write(child, child.ending, level="ERROR")

    def _discard(self, child: Child) -> None:
        """End a process whose log is not copied: it would wait once the pipe of its log is full."""
        if child.process is not None:
            child.process.kill()
            child.process.wait()
            assert child.process.stdout is not None
            child.process.stdout.close()
            child.process = None

    def _copy_log(self, child: Child, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self._write(child, line.rstrip("\n"))

    def _write(self, child: Child, line: str, level: str = "WARNING") -> None:
        process = child.process
        self._log.write(child.name, line, level, process.pid if process else None)
