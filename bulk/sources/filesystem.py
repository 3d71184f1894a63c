"""The file systems that photos are read from: the protocol, and the files of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from bulk.passed_over import HIDDEN, UNREADABLE_FOLDER, PassedOver
from bulk.sources.listing import in_order, walked
from jobs.reference import Reference


class FileSystem(Protocol):
    """A tree of files. Paths have "/" between their parts."""

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""

    def paths(self, folder: str, depth: int | None, passed_over: PassedOver) -> Iterator[str]:
        """The files below a folder, without hidden ones: their paths relative to the folder, in a fixed order.

        Args:
            folder: the path of the folder.
            depth: paths with more parts may be left out; None gives all.
            passed_over: counts what is hidden or cannot be read.
        """

    def reference(self, path: str) -> Reference:
        """The reference to a file, which workers can read."""

    def open(self, path: str) -> IO[bytes]:
        """Open a file for reading."""


class LocalFileSystem:
    """The files of this machine; a `FileSystem`."""

    def is_folder(self, path: str) -> bool:
        """See `FileSystem.is_folder`."""
        return Path(path).is_dir()

    def is_file(self, path: str) -> bool:
        """See `FileSystem.is_file`."""
        return Path(path).is_file()

    def paths(self, folder: str, depth: int | None, passed_over: PassedOver) -> Iterator[str]:
        """See `FileSystem.paths`. Links to folders are not followed: a link may lead to a folder above it."""
        return walked(lambda below: in_order(_listed(folder, below, passed_over)), depth)

    def reference(self, path: str) -> Reference:
        """See `FileSystem.reference`."""
        return Reference(path)

    def open(self, path: str) -> IO[bytes]:
        """See `FileSystem.open`."""
        return open(path, "rb")


def _listed(root: str, below: str, passed_over: PassedOver) -> Iterator[str]:
    try:
        listing = os.scandir(f"{root}/{below}")
    except OSError:
        if not below:
            raise
        passed_over.add(UNREADABLE_FOLDER, below)
        return
    with listing:
        for entry in listing:
            if entry.name.startswith("."):
                passed_over.add(HIDDEN, below + entry.name)
            elif entry.is_dir(follow_symlinks=False):
                yield entry.name + "/"
            elif entry.is_file():
                yield entry.name
            else:
                passed_over.add(_other_kind(entry), below + entry.name)


def _other_kind(entry: os.DirEntry[str]) -> str:
    if not entry.is_symlink():
        return "special file"
    return "link to a folder" if entry.is_dir() else "broken link"
