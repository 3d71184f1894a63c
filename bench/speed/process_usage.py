"""What processes take, as Linux counts it: CPU time and memory."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Pids = Mapping[str, Sequence[int]]
"""Processes by what they do."""


class Memory(NamedTuple):
    """The memory of a process, in MB.

    Attributes:
        rss: resident, pages that it shares with others included.
        pss: the same, where a shared page counts once among those who share it.
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
    """The CPU time that processes and their descendants have taken so far, in seconds."""
    return sum(_cpu_s(pid) for root in pids for pid in tree(root))


def memory_of(pids: Sequence[int]) -> Memory:
    """The memory that processes hold together with their descendants."""
    sizes = [_memory(pid) for root in pids for pid in tree(root)]
    return Memory(sum(size.rss for size in sizes), sum(size.pss for size in sizes))


def _cpu_s(pid: int) -> float:
    # The name of the process, in parentheses, may hold anything.
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _memory(pid: int) -> Memory:
    lines = (line.split() for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:])
    kilobytes = {line[0]: int(line[1]) for line in lines}
    return Memory(kilobytes["Rss:"] / 1000, kilobytes["Pss:"] / 1000)
