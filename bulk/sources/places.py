"""Where files lie: on this machine, or anywhere that fsspec reaches."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from bulk.errors import InvalidSource
from bulk.ordering import in_order
from pipelines.reference import Reference

_URL = re.compile(r"[a-z][a-z0-9+.-]*(://|::)", re.IGNORECASE)


class Place(Protocol):
    """A tree of files. Paths are its own spelling, with "/" between their parts."""

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""

    def entries(self, folder: str) -> Iterator[str]:
        """The names in a folder, in order and without the hidden ones; those of folders end in "/"."""

    def reference(self, path: str) -> Reference:
        """How others are told of a file."""

    def open(self, path: str) -> IO[bytes]:
        """A file, to be read."""


class LocalPlace:
    """The file systems of this machine."""

    def is_folder(self, path: str) -> bool:
        """See `Place.is_folder`."""
        return Path(path).is_dir()

    def is_file(self, path: str) -> bool:
        """See `Place.is_file`."""
        return Path(path).is_file()

    def entries(self, folder: str) -> Iterator[str]:
        """See `Place.entries`. Links to folders are not followed: they may lead in circles."""
        return in_order(self._listed(folder))

    def reference(self, path: str) -> Reference:
        """See `Place.reference`."""
        return Reference(path)

    def open(self, path: str) -> IO[bytes]:
        """See `Place.open`."""
        return open(path, "rb")

    def _listed(self, folder: str) -> Iterator[str]:
        with os.scandir(folder) as listing:
            for entry in listing:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name + "/"
                elif entry.is_file():
                    yield entry.name


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A file system of fsspec.

    Attributes:
        files: the file system; untyped, since fsspec is.
    """

    files: Any

    def is_folder(self, path: str) -> bool:
        """See `Place.is_folder`."""
        return bool(self.files.isdir(path))

    def is_file(self, path: str) -> bool:
        """See `Place.is_file`."""
        return bool(self.files.isfile(path))

    def entries(self, folder: str) -> Iterator[str]:
        """See `Place.entries`."""
        names = (
            entry["name"].rstrip("/").rpartition("/")[2] + ("/" if entry["type"] == "directory" else "")
            for entry in self.files.ls(folder, detail=True)
        )
        return in_order(name for name in names if not name.startswith("."))

    def reference(self, path: str) -> Reference:
        """See `Place.reference`."""
        return Reference(self.files.unstrip_protocol(path))

    def open(self, path: str) -> IO[bytes]:
        """See `Place.open`."""
        file: IO[bytes] = self.files.open(path, "rb")
        return file


def place_of(text: str) -> tuple[Place, str]:
    """The place that a path or URL lies in, and its spelling there.

    Raises:
        InvalidSource: fsspec does not know the protocol, or lacks the package for it.
    """
    if not _URL.match(text):
        return LocalPlace(), os.path.abspath(text)
    if text.startswith("file://"):
        return LocalPlace(), Reference.parse(text).location
    from fsspec.core import url_to_fs

    try:
        files, path = url_to_fs(text)
    except (ValueError, ImportError) as error:
        raise InvalidSource(f"{text}: {error}") from error
    return RemotePlace(files), path
