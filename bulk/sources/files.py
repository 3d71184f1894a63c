"""Photos as files: in a folder, behind a pattern, inside tars."""

import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import IO

import pyarrow as pa

from bulk.errors import InvalidSource
from bulk.inputs import Input
from bulk.sources.places import Place
from bulk.sources.source import reading
from jobs.reference import Reference

IMAGES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp")
TAR = ".tar"
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FileSource:
    """Images, and the images inside tars, below a folder; everything else in it is passed over.

    Attributes:
        place: where the folder lies.
        root: the folder.
        pattern: of the paths below it, part by part; `**` stands for any number of folders.
    """

    place: Place
    root: str
    pattern: tuple[str, ...] = ("**", "*")
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def roots(self) -> Sequence[str]:
        """See `Source.roots`."""
        return [self.place.reference(self.root).location]

    def inputs(self) -> Iterator[Input]:
        """See `Source.inputs`."""
        depth = None if "**" in self.pattern else len(self.pattern)
        with reading(self.place.reference(self.root).location):
            for path in self.place.paths(self.root, depth):
                if matches(path.split("/"), self.pattern):
                    yield from _photos(self.place, f"{self.root}/{path}", path)


@dataclass(frozen=True, slots=True)
class ListedSource:
    """Some files by name: the shards of a data set, one tar, one image.

    Attributes:
        files: each with the place that it lies in.
    """

    files: Sequence[tuple[Place, str]]
    columns: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def roots(self) -> Sequence[str]:
        """See `Source.roots`."""
        return sorted({place.reference(path).location.rpartition("/")[0] for place, path in self.files})

    def inputs(self) -> Iterator[Input]:
        """See `Source.inputs`."""
        for place, path in self.files:
            with reading(place.reference(path).location):
                yield from _photos(place, path, path.rpartition("/")[2])


def split_pattern(path: str) -> tuple[str, tuple[str, ...]]:
    """The folder in front of the first wildcard, and the pattern behind it; that is empty if there is none."""
    parts = path.split("/")
    plain = next((index for index, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return "/".join(parts[:plain]), tuple(parts[plain:])


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path fits a pattern, both part by part."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def _photos(place: Place, path: str, name: str) -> Iterator[Input]:
    if name.lower().endswith(IMAGES):
        yield Input(_printable(name), place.reference(path))
    elif name.lower().endswith(TAR):
        location = place.reference(path).location
        try:
            with place.open(path) as file:
                for member, offset, size in _members(file):
                    yield Input(_printable(f"{name}/{member}"), Reference(location, offset, size))
        except tarfile.TarError as error:
            raise InvalidSource(f"{path} is no tar that can be read: {error}") from error


def _members(file: IO[bytes]) -> Iterator[tuple[str, int, int]]:
    """The images of an uncompressed tar, with the place of their bytes in it; only headers are read."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            # It would keep them all.
            tar.members.clear()  # type: ignore[attr-defined]
            if member.isreg() and not member.issparse() and member.name.lower().endswith(IMAGES):
                yield member.name, member.offset_data, member.size


def _printable(name: str) -> str:
    """A name may hold bytes that are no text, which no table takes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
