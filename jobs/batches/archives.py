"""Archives of images, read in memory: nothing of them touches a disk, and nothing in them is believed.

Members are read one by one, forwards. Whatever points out of the archive, is no plain file or would grow without
measure is refused, and the archive with it.
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
"""What may stand between two members of a tar: its headers are read at once, whatever size they claim."""
FREE_BYTES = 2**20
"""No archive is a bomb below this size, unpacked."""

_ZIP_ENTRY = b"PK\x01\x02"
_OUTWARD = re.compile(r"^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)")
_BYSTANDER = re.compile(r"(^|/)(\.[^/]|__MACOSX/)")
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
"""What the readers of the standard library raise on bytes that are no archive; some of it only by accident.

RecursionError, of headers upon headers, is a RuntimeError."""


class InvalidArchive(InvalidRequest):
    """An archive is broken, or holds what no archive of images holds."""

    type: ClassVar[str] = "invalid_archive"


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive.

    Attributes:
        place: among all members, from 1.
        image: its bytes; None if there are more than an image may have.
    """

    place: int
    name: str
    image: bytes | None


def read_archive(body: bytes, limits: BatchSettings, image_bytes: int) -> Iterator[Member]:
    """The files of a zip, a tar or a tar.gz, told apart by their bytes; hidden ones and those of a Mac's are left out.

    Raises:
        InvalidArchive: it is none, is broken, or has a member that no archive of images has.
        PayloadTooLarge: it has more members, or unpacks to more, than is allowed.
    """
    with _broken_told():
        if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _zip_members(body, limits, image_bytes)
        else:
            yield from _tar_members(body, limits, image_bytes)


def _zip_members(body: bytes, limits: BatchSettings, image_bytes: int) -> Iterator[Member]:
    # Counted before the list of members is read, which would make an object of each.
    _check_count(body.count(_ZIP_ENTRY), limits)
    with ZipFile(BytesIO(body)) as archive:
        entries = archive.infolist()
        for entry in entries:
            _check_entry(entry)
        _check_unpacked(sum(entry.file_size for entry in entries), len(body), limits)
        for place, entry in enumerate(entries, start=1):
            if entry.is_dir() or _BYSTANDER.search(entry.filename):
                continue
            # No more than it claims is unpacked, so its claim may be believed.
            yield Member(place, entry.filename, archive.read(entry) if entry.file_size <= image_bytes else None)


def _check_entry(entry: ZipInfo) -> None:
    _check_name(entry.filename)
    if entry.flag_bits & 0x1:
        raise InvalidArchive(f"{entry.filename} is encrypted")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise InvalidArchive(f"{entry.filename} is compressed by another method than deflate")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidArchive(f"{entry.filename} is a link or a device")


def _tar_members(body: bytes, limits: BatchSettings, image_bytes: int) -> Iterator[Member]:
    raw = BytesIO(body)
    packed = body.startswith(b"\x1f\x8b")
    meter = _Meter(gzip.GzipFile(fileobj=raw) if packed else raw, len(body), limits)
    # As a stream it cannot be led back to where it has been, round and round.
    with tarfile.open(fileobj=meter, mode="r|", errors="replace") as archive:
        for place, entry in enumerate(archive, start=1):
            _check_count(place, limits)
            _check_name(entry.name)
            if not (entry.isreg() or entry.isdir()) or entry.issparse() or entry.size < 0:
                raise InvalidArchive(f"{entry.name} is a link, a device or a file with holes")
            meter.allow(entry.size)
            if entry.isdir() or _BYSTANDER.search(entry.name):
                continue
            file = archive.extractfile(entry) if entry.size <= image_bytes else None
            yield Member(place, entry.name, file.read() if file else None)


class _Meter(BufferedIOBase):
    """What tarfile reads from: counts, and lets no more through than the members that were seen account for."""

    def __init__(self, file: BufferedIOBase, packed_bytes: int, limits: BatchSettings) -> None:
        self._file = file
        self._packed_bytes = packed_bytes
        self._limits = limits
        self._read = 0
        self._allowed = HEADER_BYTES

    def allow(self, size: int) -> None:
        """Let a member through, and the headers of the next one."""
        # A claim beyond the end would be looked for there, block by block.
        _check_unpacked(self._read + size, self._packed_bytes, self._limits)
        self._allowed = self._read + size + HEADER_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        part = self._file.read(size)
        self._read += len(part)
        _check_unpacked(self._read, self._packed_bytes, self._limits)
        if self._read > self._allowed:
            raise InvalidArchive("the headers of a member are too long")
        return part


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_LENGTH:
        raise InvalidArchive(f"the name of a member has {len(name)} characters, not 1 to {NAME_LENGTH}")
    if _OUTWARD.search(name):
        raise InvalidArchive(f"{name} points out of the archive")


def _check_count(members: int, limits: BatchSettings) -> None:
    if members > limits.members:
        raise PayloadTooLarge(f"the archive has more than the {limits.members} members allowed")


def _check_unpacked(unpacked: int, packed: int, limits: BatchSettings) -> None:
    if unpacked > limits.unpacked_bytes:
        raise PayloadTooLarge(f"the archive unpacks to more than the {limits.unpacked_bytes} bytes allowed")
    if unpacked > max(packed * limits.ratio, FREE_BYTES):
        raise InvalidArchive(f"the archive unpacks to more than {limits.ratio} times its size")


@contextmanager
def _broken_told() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise InvalidArchive("the bytes are no readable zip, tar or tar.gz") from error
