"""Target `archives`: what the API does with the zip, tar or tar.gz of a batch."""

import gzip
import tarfile
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from bench.reliability.fuzz import images
from bench.reliability.fuzz.mutation import mutated
from bench.reliability.fuzz.target import Target
from config.settings import BatchSettings, LimitSettings
from jobs.batches.archives import read_archive

_BOUNDS = BatchSettings()
_IMAGE_BYTES = LimitSettings().image_bytes


@cache
def files() -> tuple[bytes, ...]:
    """Small archives of each kind: with folders, long names, hidden files, and headers of all formats of tar."""
    zips = [_zip(ZIP_STORED), _zip(ZIP_DEFLATED)]
    tars = [_tar(form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    return (*zips, *tars, *(gzip.compress(tar, mtime=0) for tar in tars))


def _members() -> dict[str, bytes]:
    jpeg, *_, webp = images.files()
    return {"a.jpg": jpeg, "sub/ü.webp": webp, ".hidden": b"x", f"{'long/' * 30}b.jpg": jpeg, "empty.jpg": b""}


def _zip(compression: int) -> bytes:
    held = BytesIO()
    with ZipFile(held, "w", compression) as archive:
        archive.mkdir("sub")
        for name, content in _members().items():
            archive.writestr(name, content)
    return held.getvalue()


def _tar(form: int) -> bytes:
    held = BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as archive:
        for name, content in _members().items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return held.getvalue()


def run(data: bytes) -> None:
    """Read all members.

    Raises:
        InvalidRequest: the archive is refused.
        AssertionError: a limit does not hold.
    """
    unpacked = 0
    for count, member in enumerate(read_archive(data, _BOUNDS, _IMAGE_BYTES), start=1):
        assert count <= _BOUNDS.members
        assert ".." not in member.name.replace("\\", "/").split("/"), member.name
        unpacked += len(member.image or b"")
    assert unpacked <= _BOUNDS.unpacked_bytes


def target() -> Target:
    """The target."""
    return Target("archives", mutated(files()), run)
