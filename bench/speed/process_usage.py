"""CPU time and memory of processes, read from Linux' /proc."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

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
    """A process and its descendants."""
    yield pid
    for task in (PROC / str(pid) / "task").glob("*/children"):
        for child in task.read_text().split():
            yield from tree(int(child))


def cpu_s(pids: Sequence[int]) -> float:
    """The CPU time of processes and their descendants since they started, in seconds."""
    return sum(_cpu_s(pid) for root in pids for pid in tree(root))


def memory_of(pids: Sequence[int]) -> Memory:
    """The memory of processes and their descendants together."""
    sizes = [_memory(pid) for root in pids for pid in tree(root)]
    return Memory(sum(size.rss for size in sizes), sum(size.pss for size in sizes))


def _cpu_s(pid: int) -> float:
    # The name of the process, in parentheses, may contain spaces and parentheses.
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _memory(pid: int) -> Memory:
    lines = (line.split() for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:])
    kilobytes = {line[0]: int(line[1]) for line in lines}
    return Memory(kilobytes["Rss:"] / 1000, kilobytes["Pss:"] / 1000)
