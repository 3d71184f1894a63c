"""Files on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from bulk.ordering import in_order
from bulk.sources.walk import walked
from jobs.reference import Reference


class LocalPlace:
    """A `Place`: the file systems of this machine."""

    def is_folder(self, path: str) -> bool:
        """See `Place.is_folder`."""
        return Path(path).is_dir()

    def is_file(self, path: str) -> bool:
        """See `Place.is_file`."""
        return Path(path).is_file()

    def paths(self, folder: str, depth: int | None) -> Iterator[str]:
        """See `Place.paths`. Links to folders are not followed: they may lead in circles."""
        return walked(lambda below: in_order(_listed(f"{folder}/{below}")), depth)

    def reference(self, path: str) -> Reference:
        """See `Place.reference`."""
        return Reference(path)

    def open(self, path: str) -> IO[bytes]:
        """See `Place.open`."""
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
