"""From listings of single folders to the files of a tree."""

from collections.abc import Callable, Iterator


def walked(entries: Callable[[str], Iterator[str]], depth: int | None, below: str = "") -> Iterator[str]:
    """The paths of files in a tree, folder by folder.

    Args:
        entries: the names in a folder, in order; those of folders end in "/".
        depth: how many parts the paths have at most; None means any number.
        below: the folder that the walk has come to: empty, or ends in "/".
    """
    for name in entries(below):
        if not name.endswith("/"):
            yield below + name
        elif depth is None:
            yield from walked(entries, None, below + name)
        elif depth > 1:
            yield from walked(entries, depth - 1, below + name)
