"""`TestedStack`: a stack in a tree of processes of its own, whose parts can be found, ended and frozen."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal, Self

import httpx

from bench.speed.process_usage import PROC, tree
from broker.queues import CO_LOCATED
from embedded.ports import free_port
from jobs.redis.connection import connect
from models.family import ModelFamily

Layout = Literal["embedded", "families"]
"""embedded: `faceline up` with two workers, each with all services. families: a worker for each family."""
LAYOUTS: Sequence[Layout] = ("embedded", "families")
Role = Literal["worker", "api", "server"]

SABOTAGE = Path(__file__).parent / "sabotage"
START_S = 180.0
"""A stack is not usable if it is not ready by then; machines are busy."""
TAKE_OVER_S = 45.0
"""How long a stack that does not start is started again: processes of an earlier run may still end."""
STOP_S = 60.0


class StackUnusable(Exception):
    """A stack does not start, or has ended though it was not told to."""


class TestedStack:
    """A stack that runs in a folder of its own, with a port and a data folder that stay the same.

    As a context it starts, and stops at the end.

    Args:
        layout: of its workers.
        folder: takes its data, its log and the notes of the sabotage.
    """

    __test__ = False  # pytest would take it for a test

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.layout = layout
        self.log = folder / "stack.log"
        self.notes = folder / "notes"
        self.notes.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        paths = [str(SABOTAGE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        self._environment = {
            **os.environ,
            "FACELINE_DATA_DIR": str(folder / "data"),
            "FACELINE_EMBEDDED_WORKERS": "2",
            "PYTHONPATH": os.pathsep.join(paths),
            "SABOTAGE": str(self.notes),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def supervisor(self) -> int:
        """The process id of the supervisor.

        Raises:
            StackUnusable: it has ended.
        """
        if self._process is None or self.has_ended:
            raise StackUnusable("the stack has ended")
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the supervisor has ended."""
        return self._process is None or self._process.poll() is not None

    def start(self) -> None:
        """Start the stack, and wait until it is ready.

        Raises:
            StackUnusable: it does not start, or is not ready in time.
        """
        began = monotonic()
        if self.layout == "embedded":
            command = ["-m", "cli.main", "up", "--port", str(self._port)]
        else:
            command = ["-m", "bench.reliability.families", str(self._port)]
        while monotonic() < began + TAKE_OVER_S:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", *command], env=self._environment, stdout=log, stderr=log
                )
            while not self.has_ended and monotonic() < began + START_S:
                # An API of an earlier run may still answer.
                if self.processes("api") and self.is_ready():
                    return
                sleep(0.2)
            sleep(0.5)
        raise StackUnusable(
            f"the stack does not start or is not ready after {monotonic() - began:.0f} s: see {self.log}"
        )

    def stop(self) -> None:
        """End all processes."""
        if self._process is None:
            return
        processes = list(tree(self._process.pid)) if self._process.poll() is None else []
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            for pid in processes:
                send(pid, signal.SIGKILL)
            self._process.wait()

    def is_ready(self) -> bool:
        """Whether the stack says that it is ready."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=15, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def wait_until_whole(self, workers: int, until: float) -> None:
        """Wait until the stack is ready and has so many live workers, at most until a time of `monotonic`."""
        while monotonic() < until and not (len(self.live_workers()) >= workers and self.is_ready()):
            sleep(0.3)

    def processes(self, role: Role) -> list[int]:
        """The process ids of a role.

        Raises:
            StackUnusable: the supervisor has ended.
        """
        # A process that ended and was not waited for has no command any more.
        return [pid for pid in tree(self.supervisor) if _role(pid) == role]

    def serves(self, pid: int, family: ModelFamily) -> bool:
        """Whether a worker takes the tasks of a family."""
        return bool({family.value, CO_LOCATED}.intersection(_command(pid)))

    def live_workers(self) -> list[int]:
        """The process ids of workers that run, and that the deployment lists as live.

        Raises:
            StackUnusable: the supervisor has ended.
        """
        running = self.processes("worker")
        try:
            answer = httpx.get(f"{self.url}/version", timeout=15, trust_env=False)
        except httpx.TransportError:
            return []
        if not answer.is_success:
            return []
        listed = {worker_pid(name) for name in answer.json()["workers"]}
        return [pid for pid in running if pid in listed]

    def store_process(self) -> int | None:
        """The process id of the store itself, which is a child of the process `server`; None while it does not run."""
        for server in self.processes("server"):
            for pid in list(tree(server))[1:]:
                if "valkey" in _command(pid)[0]:
                    return pid
        return None

    def store(self) -> Any:
        """A client of the store.

        Raises:
            StackUnusable: no process says where it is.
        """
        for pid in self.processes("api"):
            for variable in (PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                name, _, value = variable.decode().partition("=")
                if name == "FACELINE_REDIS_URL":
                    return connect(value, patience_s=1)
        raise StackUnusable("the stack has no API")


def worker_pid(name: str) -> int:
    """The process id of a worker. Its name has its host, its process id and more, with colons between them."""
    return int(name.rsplit(":", 2)[1])


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, unless it has ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _role(pid: int) -> str | None:
    command = _command(pid)
    try:
        return command[command.index("embedded.process") + 1]
    except (ValueError, IndexError):
        return None


def _command(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return [""]
