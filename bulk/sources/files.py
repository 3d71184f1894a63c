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
from bulk.passed_over import EXTRA_IMAGES, PassedOver
from bulk.sources.filesystem import FileSystem
from bulk.text import printable
from jobs.reference import Reference
from models.imaging.pillow_decoders import INSTALLED

IMAGES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", *(EXTRA_IMAGES if INSTALLED else ()))
TAR = ".tar"
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FileSource:
    """The images below a folder, and the images inside tars below it; other files are counted as passed over.

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

    def inputs(self, passed_over: PassedOver | None = None) -> Iterator[Input]:
        """See `PhotoSource.inputs`."""
        tally = passed_over or PassedOver()
        depth = None if "**" in self.pattern else len(self.pattern)
        with reading(self.files.reference(self.root).location):
            for path in self.files.paths(self.root, depth, tally):
                if matches(path.split("/"), self.pattern):
                    yield from _photos(self.files, f"{self.root}/{path}", path, tally)


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

    def inputs(self, passed_over: PassedOver | None = None) -> Iterator[Input]:
        """See `PhotoSource.inputs`."""
        tally = passed_over or PassedOver()
        for files, path in self.listed:
            with reading(files.reference(path).location):
                yield from _photos(files, path, path.rpartition("/")[2], tally)


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


def _photos(files: FileSystem, path: str, name: str, passed_over: PassedOver) -> Iterator[Input]:
    if name.lower().endswith(IMAGES):
        yield Input(printable(name), files.reference(path))
    elif name.lower().endswith(TAR):
        location = files.reference(path).location
        try:
            with files.open(path) as file:
                for member in _members(file):
                    full_name = printable(f"{name}/{member.name}")
                    if not member.name.lower().endswith(IMAGES):
                        passed_over.add_file(full_name)
                    elif member.isreg() and not member.issparse():
                        yield Input(full_name, Reference(location, member.offset_data, member.size))
                    else:
                        passed_over.add("sparse file" if member.issparse() else "link in a tar", full_name)
        except tarfile.TarError as error:
            raise InvalidSource(
                f"{path} is no tar that can be read: {error}; a compressed tar has to be unpacked first"
            ) from error
    else:
        passed_over.add_file(name)


def _members(file: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    """The members of an uncompressed tar that are no folders; only headers are read.

    Raises:
        TarError: the tar is damaged or cut off.
    """
    with tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            # The tar would keep all members in memory.
            tar.members.clear()  # type: ignore[attr-defined]
            if not member.isdir():
                yield member
        # `tarfile` takes a damaged header, and the end of a tar that was cut off, for the end.
        file.seek(tar.offset)
        block = file.read(tarfile.BLOCKSIZE)
        if any(block):
            raise tarfile.ReadError(f"it is damaged at byte {tar.offset}")
        if len(block) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"it is cut off at byte {tar.offset}: a tar ends with blocks of zeros")
