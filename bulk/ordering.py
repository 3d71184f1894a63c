"""Names in order, without holding them all."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from tempfile import TemporaryFile
from typing import IO

from bulk.groups import grouped

HELD = 50_000
"""So many names are sorted at a time; a folder with more goes through temporary files."""


def in_order(names: Iterable[str], held: int = HELD) -> Iterator[str]:
    """The names by code points: an external merge sort."""
    runs = (sorted(group) for group in grouped(names, held))
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
    # A name of a file may hold line breaks, and bytes that are no text, but no NUL.
    file.writelines([name.replace("\n", "\0") + "\n" for name in run])
    file.seek(0)
    return file


def _name(line: str) -> str:
    return line[:-1].replace("\0", "\n")
