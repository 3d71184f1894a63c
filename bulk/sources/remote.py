"""Files that fsspec reaches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from bulk.ordering import in_order
from bulk.sources.walk import walked
from jobs.reference import Reference


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A `Place`: a file system of fsspec.

    Attributes:
        files: the file system; untyped, since fsspec is.
        root: what stands in front of a path in its URL.
    """

    files: Any
    root: str

    def is_folder(self, path: str) -> bool:
        """See `Place.is_folder`."""
        return bool(self.files.isdir(path))

    def is_file(self, path: str) -> bool:
        """See `Place.is_file`."""
        return bool(self.files.isfile(path))

    def paths(self, folder: str, depth: int | None) -> Iterator[str]:
        """See `Place.paths`. fsspec lists a folder in one piece."""
        return walked(lambda below: in_order(self._listed(f"{folder}/{below}")), depth)

    def reference(self, path: str) -> Reference:
        """See `Place.reference`."""
        return Reference(self.root + path)

    def open(self, path: str) -> IO[bytes]:
        """See `Place.open`."""
        file: IO[bytes] = self.files.open(path, "rb")
        return file

    def _listed(self, folder: str) -> Iterator[str]:
        entries = self.files.ls(folder, detail=True)
        # It would keep them all.
        self.files.invalidate_cache(folder)
        for entry in entries:
            path = entry["name"].rstrip("/")
            name = path.rpartition("/")[2]
            # An empty object may stand for the folder itself.
            if name.startswith(".") or path.strip("/") == folder.strip("/"):
                continue
            yield name + ("/" if entry["type"] == "directory" else "")
