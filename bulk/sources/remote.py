"""The file systems that fsspec reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from bulk.passed_over import HIDDEN, PassedOver
from bulk.sources.listing import in_order, walked
from jobs.reference import Reference


@dataclass(frozen=True, slots=True)
class RemoteFileSystem:
    """A file system of fsspec; a `FileSystem`.

    Attributes:
        files: the file system; untyped, since fsspec is.
        root: the part of a URL before the path.
    """

    files: Any
    root: str

    def is_folder(self, path: str) -> bool:
        """See `FileSystem.is_folder`."""
        return bool(self.files.isdir(path))

    def is_file(self, path: str) -> bool:
        """See `FileSystem.is_file`."""
        return bool(self.files.isfile(path))

    def paths(self, folder: str, depth: int | None, passed_over: PassedOver) -> Iterator[str]:
        """See `FileSystem.paths`. fsspec lists a whole folder at once."""
        return walked(lambda below: in_order(self._listed(folder, below, passed_over)), depth)

    def reference(self, path: str) -> Reference:
        """See `FileSystem.reference`."""
        return Reference(self.root + path)

    def open(self, path: str) -> IO[bytes]:
        """See `FileSystem.open`."""
        file: IO[bytes] = self.files.open(path, "rb")
        return file

    def _listed(self, root: str, below: str, passed_over: PassedOver) -> Iterator[str]:
        folder = f"{root}/{below}"
        entries = self.files.ls(folder, detail=True)
        # fsspec would keep the listings of all folders in memory.
        self.files.invalidate_cache(folder)
        for entry in entries:
            path = entry["name"].rstrip("/")
            name = path.rpartition("/")[2]
            # Some file systems list an empty object for the folder itself.
            if path.strip("/") == folder.strip("/"):
                continue
            if name.startswith("."):
                passed_over.add(HIDDEN, below + name)
            else:
                yield name + ("/" if entry["type"] == "directory" else "")
