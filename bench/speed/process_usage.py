"""CPU time and memory of processes, read from Linux' /proc."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Measured = TypeVar("Measured")
Pids = Mapping[str, Sequence[int]]
"""Process ids by role: api, worker, server."""


class Memory(NamedTuple):
    """The memory of processes, in MB.

    Attributes:
        rss: resident memory; shared pages count for each process.
        pss: resident memory; a shared page is divided among the processes that share it.
    """

    rss: float
    pss: float


def tree(pid: int) -> Iterator[int]:
    """A process and its descendants; a process that ends meanwhile has none."""
    yield pid
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in (PROC / str(pid) / "task").glob("*/children"):
            for child in task.read_text().split():
                yield from tree(int(child))


def cpu_s(pids: Sequence[int]) -> float:
    """The CPU time of processes and their descendants since they started, in seconds."""
    return sum(_of_each(pids, _cpu_s))


def idle_s() -> float:
    """The time for which the cores of this machine had nothing to do since it started, all together, in seconds."""
    fields = (PROC / "stat").read_text().partition("\n")[0].split()
    idle, waiting_for_disks = int(fields[4]), int(fields[5])
    return (idle + waiting_for_disks) / TICKS_PER_S


def memory_of(pids: Sequence[int]) -> Memory:
    """The memory of processes and their descendants together."""
    sizes = list(_of_each(pids, _memory))
    return Memory(sum(size.rss for size in sizes), sum(size.pss for size in sizes))


def resident_mb(pids: Sequence[int]) -> float:
    """The resident memory of processes and their descendants together, in MB; takes less time than `memory_of`."""
    return sum(_of_each(pids, _resident_mb))


def _of_each(pids: Sequence[int], measure: Callable[[int], Measured]) -> Iterator[Measured]:
    """Measures processes and their descendants; descendants that have ended are left out."""
    for root in pids:
        for pid in tree(root):
            try:
                yield measure(pid)
            except (FileNotFoundError, ProcessLookupError):
                if pid == root:
                    raise


def _cpu_s(pid: int) -> float:
    # The name of the process, in parentheses, may contain spaces and parentheses.
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _resident_mb(pid: int) -> float:
    return int((PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _memory(pid: int) -> Memory:
    lines = (line.split() for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:])
    kilobytes = {line[0]: int(line[1]) for line in lines}
    return Memory(kilobytes["Rss:"] / 1000, kilobytes["Pss:"] / 1000)
