"""Where files lie: on this machine, or anywhere that fsspec reaches."""

import os
import re
from collections.abc import Iterator
from typing import IO, Protocol

from bulk.errors import InvalidSource
from bulk.sources.buckets import LISTINGS, BucketPlace
from bulk.sources.local import LocalPlace
from bulk.sources.remote import RemotePlace
from jobs.reference import Reference, without_login

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Place(Protocol):
    """A tree of files. Paths are its own codec, with "/" between their parts."""

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""

    def is_file(self, path: str) -> bool:
        """Whether the path is a file."""

    def paths(self, folder: str, depth: int | None) -> Iterator[str]:
        """The files below a folder: their paths from there, in a settled order, without the hidden ones.

        Args:
            folder: its path.
            depth: paths of more parts are of no interest; None if all are.
        """

    def reference(self, path: str) -> Reference:
        """How others are told of a file."""

    def open(self, path: str) -> IO[bytes]:
        """A file, to be read."""


def place_of(text: str) -> tuple[Place, str]:
    """The place that a path or URL lies in, and its codec there.

    Raises:
        InvalidSource: nobody else could be told of what lies there.
        Exception: fsspec does not know the protocol, or lacks the package for it, or whatever that package says.
    """
    if "::" in text and "://" in text:
        raise InvalidSource(f"{text}: nobody can be told of photos behind a chain of file systems (::)")
    if not _URL.match(text):
        return LocalPlace(), os.path.abspath(text)
    if text.startswith("file://"):
        return LocalPlace(), Reference.parse(text).location
    from fsspec.core import url_to_fs

    files, path = url_to_fs(text)
    # The URL as the user spells it: what fsspec makes of a path lacks its host.
    url, path = text.rstrip("/"), path.rstrip("/")
    root = url.removesuffix(path) if url.endswith(path) else files.unstrip_protocol(path).removesuffix(path)
    protocol = files.protocol if isinstance(files.protocol, str) else files.protocol[0]
    if protocol not in LISTINGS:
        return RemotePlace(files, root), path
    if without_login(text) != text:
        raise InvalidSource(f"{text}: the keys of a bucket belong in the environment, not in its URL")
    return BucketPlace(files, root, LISTINGS[protocol]), path
