"""From what a user points to, to the photos that are there."""

import os
import re
from collections.abc import Iterator

from bulk.errors import InvalidSource
from bulk.sources.files import IMAGES, TAR, FileSource, ListedSource, split_pattern
from bulk.sources.manifest import READERS, open_manifest
from bulk.sources.places import Place, place_of
from bulk.sources.source import Source, reading

__all__ = ["Source", "open_source"]

_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")


def open_source(text: str, column: str) -> Source:
    """The photos at a folder, a pattern, a tar, shards (`shard-{000..099}.tar`) or a manifest, local or by URL.

    Args:
        text: a path or URL.
        column: of a manifest, that holds the paths.

    Raises:
        InvalidSource: there is nothing of that kind.
    """
    with reading(text):
        if _BRACES.search(text):
            return ListedSource([place_of(one) for one in _expanded(text)])
        return _opened(*place_of(text), column)


def _opened(place: Place, path: str, column: str) -> Source:
    suffix = os.path.splitext(path)[1].lower()
    # First of all: one may be allowed to read a file in a bucket, but not to list it.
    if suffix in (*READERS, TAR, *IMAGES) and place.is_file(path):
        return open_manifest(place, path, column) if suffix in READERS else ListedSource([(place, path)])
    if place.is_folder(path):
        return FileSource(place, path.rstrip("/"))
    if place.is_file(path):
        known = ", ".join([*READERS, TAR, *IMAGES])
        raise InvalidSource(f"{path} is none of: {known}; a compressed tar has to be unpacked first")
    root, pattern = split_pattern(path)
    if pattern and place.is_folder(root):
        return FileSource(place, root, pattern)
    raise InvalidSource(f"there is no {path}, or it may not be read")


def _expanded(text: str) -> Iterator[str]:
    """`a{08..10}` as a08, a09, a10; several braces one within another."""
    braces = _BRACES.search(text)
    if braces is None:
        yield text
        return
    first, last = braces.groups()
    for number in range(int(first), int(last) + 1):
        yield from _expanded(f"{text[: braces.start()]}{number:0{len(first)}d}{text[braces.end() :]}")
