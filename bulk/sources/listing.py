"""Lists the files of a tree in a fixed order, without holding all names in memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from tempfile import TemporaryFile
from typing import IO

from bulk.inputs import batched

MAX_HELD = 50_000
"""So many names are sorted in memory; the names of a larger folder go through temporary files."""


def walked(entries: Callable[[str], Iterator[str]], depth: int | None, below: str = "") -> Iterator[str]:
    """The paths of files in a tree, folder by folder.

    Args:
        entries: gives the names in a folder, in order; the names of folders end in "/".
        depth: the most parts that a path has; None means any number.
        below: the current folder: empty, or ends in "/".
    """
    for name in entries(below):
        if not name.endswith("/"):
            yield below + name
        elif depth is None:
            yield from walked(entries, None, below + name)
        elif depth > 1:
            yield from walked(entries, depth - 1, below + name)


def in_order(names: Iterable[str], held: int = MAX_HELD) -> Iterator[str]:
    """The names ordered by code points: an external merge sort of runs of `held` names."""
    runs = (sorted(run) for run in batched(names, held))
    first = next(runs, [])
    second = next(runs, None)
    if second is None:
        yield from first
        return
    with ExitStack() as files:
        spilled = [_spill(run, files) for run in (first, second)]
        del first, second
        spilled += [_spill(run, files) for run in runs]
        yield from merge(*(map(_name, file) for file in spilled))


def _spill(run: list[str], files: ExitStack) -> IO[str]:
    file = files.enter_context(
        TemporaryFile("w+", encoding="utf-8", errors="surrogateescape", newline="\n")  # noqa: SIM115 - the stack closes it
    )
    # The name of a file may hold line breaks and bytes that are no text, but no NUL.
    file.writelines([name.replace("\n", "\0") + "\n" for name in run])
    file.seek(0)
    return file


def _name(line: str) -> str:
    return line[:-1].replace("\0", "\n")
