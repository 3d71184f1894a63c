"""Reads archives of images in memory, and trusts nothing in them. Nothing is written to disk.

Members are read one by one, forwards. One member that leads out of the archive, is not a plain file or unpacks to too
much makes the whole archive invalid.
"""

import gzip
import re
import stat
import struct
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from typing import ClassVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from config.settings import BatchSettings
from jobs.errors import PayloadTooLarge
from models.errors import InvalidRequest

NAME_LENGTH = 512
HEADER_BYTES = 2**20
"""How many bytes the headers between two members of a tar may have: tarfile reads them at once, of any size."""
FREE_BYTES = 2**20
"""An archive that unpacks to no more than this may unpack to any multiple of its size."""

_ZIP_ENTRY = b"PK\x01\x02"
_COUNTED_BYTES = 2**22
_LEAVES_ARCHIVE = re.compile(r"^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)")
_IGNORED = re.compile(r"(^|/)(\.[^/]|__MACOSX/)")
_BROKEN = (
    BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the standard library raises for bytes that are not an archive, not all of it on purpose.

RecursionError, for headers that follow headers, is a RuntimeError."""


class InvalidArchive(InvalidRequest):
    """An archive is broken, or has a member that an archive of images does not have."""

    type: ClassVar[str] = "invalid_archive"


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file inside an archive.

    Attributes:
        index: among all members, from 1.
        image: its bytes; None if there are more than an image may have.
    """

    index: int
    name: str
    image: bytes | None


def read_archive(body: bytes, bounds: BatchSettings, image_bytes: int) -> Iterator[ArchiveMember]:
    """The files of a zip, a tar or a tar.gz; hidden files and the extra files of macOS are left out.

    Raises:
        InvalidArchive: it is not an archive, is broken, or has a member that an archive of images does not have.
        PayloadTooLarge: it has more members, or unpacks to more, than is allowed.
    """
    with _broken_as_invalid():
        if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zip_members(body, bounds, image_bytes)
        else:
            yield from _tar_members(body, bounds, image_bytes)


def _count_entries(body: bytes) -> int:
    # Part by part: other threads of Python run between two calls only.
    overlap = len(_ZIP_ENTRY) - 1
    starts = range(0, len(body), _COUNTED_BYTES)
    return sum(body.count(_ZIP_ENTRY, start, start + _COUNTED_BYTES + overlap) for start in starts)


def _zip_members(body: bytes, bounds: BatchSettings, image_bytes: int) -> Iterator[ArchiveMember]:
    # Counted before the list of members is read, because reading makes an object of each.
    _check_count(_count_entries(body), bounds)
    with ZipFile(BytesIO(body)) as archive:
        entries = archive.infolist()
        for entry in entries:
            _check_entry(entry)
        _check_unpacked(sum(entry.file_size for entry in entries), len(body), bounds)
        for index, entry in enumerate(entries, start=1):
            if entry.is_dir() or _IGNORED.search(entry.filename):
                continue
            # `read` unpacks no more than `file_size` says, so the size is safe to check.
            yield ArchiveMember(index, entry.filename, archive.read(entry) if entry.file_size <= image_bytes else None)


def _check_entry(entry: ZipInfo) -> None:
    _check_name(entry.filename)
    if entry.flag_bits & 0x1:
        raise InvalidArchive(f"{entry.filename} is encrypted: send it without a password")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise InvalidArchive(f"{entry.filename} is compressed, but not with deflate: use deflate, or none")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidArchive(f"{entry.filename} is a link or a device: send plain files only")


def _tar_members(body: bytes, bounds: BatchSettings, image_bytes: int) -> Iterator[ArchiveMember]:
    raw = BytesIO(body)
    packed = body.startswith(b"\x1f\x8b")
    meter = _Meter(gzip.GzipFile(fileobj=raw) if packed else raw, len(body), bounds)
    # As a stream it is only read forwards: no header can make tarfile read the same bytes again and again.
    with tarfile.open(fileobj=meter, mode="r|", errors="replace") as archive:
        for index, entry in enumerate(archive, start=1):
            _check_count(index, bounds)
            _check_name(entry.name)
            if not (entry.isreg() or entry.isdir()) or entry.issparse() or entry.size < 0:
                raise InvalidArchive(f"{entry.name} is a link, a device or a file with holes: send plain files only")
            meter.allow(entry.size)
            if entry.isdir() or _IGNORED.search(entry.name):
                continue
            file = archive.extractfile(entry) if entry.size <= image_bytes else None
            yield ArchiveMember(index, entry.name, file.read() if file else None)


class _Meter(BufferedIOBase):
    """The file that tarfile reads: counts the bytes, and stops if headers are longer than allowed."""

    def __init__(self, file: BufferedIOBase, packed_bytes: int, bounds: BatchSettings) -> None:
        self._file = file
        self._packed_bytes = packed_bytes
        self._limits = bounds
        self._read = 0
        self._allowed = HEADER_BYTES

    def allow(self, size: int) -> None:
        """Allow to read a member, and the headers of the next one."""
        # Checked here, or tarfile would read block by block to an end that is not there.
        _check_unpacked(self._read + size, self._packed_bytes, self._limits)
        self._allowed = self._read + size + HEADER_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        part = self._file.read(size)
        self._read += len(part)
        _check_unpacked(self._read, self._packed_bytes, self._limits)
        if self._read > self._allowed:
            raise InvalidArchive("the headers of a member are too long: make the archive anew")
        return part


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_LENGTH:
        raise InvalidArchive(f"the name of a member has {len(name)} characters, not 1 to {NAME_LENGTH}")
    if _LEAVES_ARCHIVE.search(name):
        raise InvalidArchive(f"{name} points out of the archive: use relative names without ..")


def _check_count(members: int, bounds: BatchSettings) -> None:
    if members > bounds.members:
        raise PayloadTooLarge(f"the archive has more than the {bounds.members} members allowed: split it")


def _check_unpacked(unpacked: int, packed: int, bounds: BatchSettings) -> None:
    if unpacked > bounds.unpacked_bytes:
        raise PayloadTooLarge(f"the archive unpacks to more than the {bounds.unpacked_bytes} bytes allowed: split it")
    if unpacked > max(packed * bounds.ratio, FREE_BYTES):
        raise InvalidArchive(f"the archive unpacks to more than {bounds.ratio} times its size: compress it less")


@contextmanager
def _broken_as_invalid() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise InvalidArchive("the body is not a readable zip, tar or tar.gz: check the file") from error
