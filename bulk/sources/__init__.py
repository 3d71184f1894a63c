"""Finds the photos of a path or URL: a folder, a pattern, a tar, shards or a manifest."""

import os
import re
from collections.abc import Iterator

from bulk.errors import InvalidSource, reading
from bulk.inputs import PhotoSource
from bulk.sources.buckets import LISTINGS, BucketFileSystem
from bulk.sources.files import IMAGES, TAR, FileSource, ListedSource, split_pattern
from bulk.sources.filesystem import FileSystem, LocalFileSystem
from bulk.sources.manifest import READERS, open_manifest
from bulk.sources.remote import RemoteFileSystem
from jobs.reference import Reference, without_login

__all__ = ["open_source"]

_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def open_source(text: str, column: str) -> PhotoSource:
    """The photos at a folder, a pattern, a tar, shards (`shard-{000..099}.tar`) or a manifest.

    Args:
        text: a path or URL.
        column: of a manifest, the column with the paths.

    Raises:
        InvalidSource: the path or URL does not exist, cannot be read, or is not of a supported kind.
    """
    with reading(text):
        if _BRACES.search(text):
            return ListedSource([_located(location) for location in _expanded(text)])
        return _opened(*_located(text), column)


def _opened(files: FileSystem, path: str, column: str) -> PhotoSource:
    suffix = os.path.splitext(path)[1].lower()
    # Files first: a user may have the permission to read a file in a bucket, but not to list the bucket.
    if suffix in (*READERS, TAR, *IMAGES) and files.is_file(path):
        return open_manifest(files, path, column) if suffix in READERS else ListedSource([(files, path)])
    if files.is_folder(path):
        return FileSource(files, path.rstrip("/"))
    if files.is_file(path):
        known = ", ".join([*READERS, TAR, *IMAGES])
        raise InvalidSource(f"{path} is none of: {known}; a compressed tar has to be unpacked first")
    root, pattern = split_pattern(path)
    if pattern and files.is_folder(root):
        return FileSource(files, root, pattern)
    raise InvalidSource(f"there is no {path}, or you have no permission to read it")


def _located(text: str) -> tuple[FileSystem, str]:
    """The file system of a path or URL, and the path in it.

    Raises:
        InvalidSource: workers could not read the photos by reference.
        Exception: fsspec does not know the protocol or lacks the package for it, or that package failed.
    """
    if "::" in text and "://" in text:
        raise InvalidSource(f"{text}: a chain of file systems (::) is not supported; unpack it, or use a plain URL")
    if not _URL.match(text):
        return LocalFileSystem(), os.path.abspath(text)
    if text.startswith("file://"):
        return LocalFileSystem(), Reference.parse(text).location
    from fsspec.core import url_to_fs

    files, path = url_to_fs(text)
    # The root is taken from the user's URL: the URL that fsspec makes of a path lacks the host.
    url, path = text.rstrip("/"), path.rstrip("/")
    root = url.removesuffix(path) if url.endswith(path) else files.unstrip_protocol(path).removesuffix(path)
    protocol = files.protocol if isinstance(files.protocol, str) else files.protocol[0]
    if protocol not in LISTINGS:
        return RemoteFileSystem(files, root), path
    if without_login(text) != text:
        raise InvalidSource(f"{text}: put the keys of a bucket into the environment, not into its URL")
    return BucketFileSystem(files, root, LISTINGS[protocol]), path


def _expanded(text: str) -> Iterator[str]:
    """`a{08..10}` as a08, a09, a10; several braces give all combinations."""
    braces = _BRACES.search(text)
    if braces is None:
        yield text
        return
    first, last = braces.groups()
    for number in range(int(first), int(last) + 1):
        yield from _expanded(f"{text[: braces.start()]}{number:0{len(first)}d}{text[braces.end() :]}")
