"""The file systems that photos are read from: the protocol, and the files of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from bulk.sources.listing import in_order, walked
from jobs.reference import Reference


class FileSystem(Protocol):
    """A tree of files. Paths have "/" between their parts."""

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""

    def paths(self, folder: str, depth: int | None) -> Iterator[str]:
        """The files below a folder, without hidden ones: their paths relative to the folder, in a fixed order.

        Args:
            folder: the path of the folder.
            depth: paths with more parts may be left out; None gives all.
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

    def paths(self, folder: str, depth: int | None) -> Iterator[str]:
        """See `FileSystem.paths`. Links to folders are not followed: a link may lead to a folder above it."""
        return walked(lambda below: in_order(_listed(f"{folder}/{below}")), depth)

    def reference(self, path: str) -> Reference:
        """See `FileSystem.reference`."""
        return Reference(path)

    def open(self, path: str) -> IO[bytes]:
        """See `FileSystem.open`."""
        return open(path, "rb")


def _listed(folder: str) -> Iterator[str]:
    with os.scandir(folder) as listing:
        for entry in listing:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield entry.name + "/"
            elif entry.is_file():
                yield entry.name
