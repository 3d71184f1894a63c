"""Photos that are files: in a folder, matched by a pattern, or inside tars."""

import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import IO

import pyarrow as pa

from bulk.errors import InvalidSource, reading
from bulk.inputs import Input
from bulk.sources.filesystem import FileSystem
from jobs.reference import Reference

IMAGES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp")
TAR = ".tar"
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FileSource:
    """The images below a folder, and the images inside tars below it; other files are ignored.

    Attributes:
        files: the file system of the folder.
        root: the path of the folder.
        pattern: of the paths below the folder, part by part; `**` matches any number of folders.
    """

    files: FileSystem
    root: str
    pattern: tuple[str, ...] = ("**", "*")
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def roots(self) -> Sequence[str]:
        """See `PhotoSource.roots`."""
        return [self.files.reference(self.root).location]

    def inputs(self) -> Iterator[Input]:
        """See `PhotoSource.inputs`."""
        depth = None if "**" in self.pattern else len(self.pattern)
        with reading(self.files.reference(self.root).location):
            for path in self.files.paths(self.root, depth):
                if matches(path.split("/"), self.pattern):
                    yield from _photos(self.files, f"{self.root}/{path}", path)


@dataclass(frozen=True, slots=True)
class ListedSource:
    """Single files: the shards of a data set, one tar, or one image.

    Attributes:
        listed: the files: the file system and the path of each.
    """

    listed: Sequence[tuple[FileSystem, str]]
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def roots(self) -> Sequence[str]:
        """See `PhotoSource.roots`."""
        return sorted({files.reference(path).location.rpartition("/")[0] for files, path in self.listed})

    def inputs(self) -> Iterator[Input]:
        """See `PhotoSource.inputs`."""
        for files, path in self.listed:
            with reading(files.reference(path).location):
                yield from _photos(files, path, path.rpartition("/")[2])


def split_pattern(path: str) -> tuple[str, tuple[str, ...]]:
    """The folder before the first wildcard, and the pattern after it; without a wildcard the pattern is empty."""
    parts = path.split("/")
    plain = next((index for index, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return "/".join(parts[:plain]), tuple(parts[plain:])


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path matches a pattern; both are split into their parts."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def _photos(files: FileSystem, path: str, name: str) -> Iterator[Input]:
    if name.lower().endswith(IMAGES):
        yield Input(_printable(name), files.reference(path))
    elif name.lower().endswith(TAR):
        location = files.reference(path).location
        try:
            with files.open(path) as file:
                for member, offset, size in _members(file):
                    yield Input(_printable(f"{name}/{member}"), Reference(location, offset, size))
        except tarfile.TarError as error:
            raise InvalidSource(
                f"{path} is no tar that can be read: {error}; a compressed tar has to be unpacked first"
            ) from error


def _members(file: IO[bytes]) -> Iterator[tuple[str, int, int]]:
    """The images of an uncompressed tar: name, offset and size of each; only headers are read."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            # The tar would keep all members in memory.
            tar.members.clear()  # type: ignore[attr-defined]
            if member.isreg() and not member.issparse() and member.name.lower().endswith(IMAGES):
                yield member.name, member.offset_data, member.size


def _printable(name: str) -> str:
    """The name with escapes for bytes that are no text, which a table cannot hold."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
