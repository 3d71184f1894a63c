"""References: where the bytes of an image lie, for those who can reach them there."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pipelines.errors import PayloadTooLarge, UnreachableReference

_FILE = "file://"
_RANGE = re.compile(r"(.*)#bytes=(\d+)-(\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """A file, or a part of one.

    Attributes:
        location: an absolute path, or a URL that fsspec reads.
        offset: of the first byte; a photo inside a tar has one.
        size: in bytes; None reaches to the end.
    """

    location: str
    offset: int = 0
    size: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` has written: a URL, with `#bytes=first-last` behind it for a part of a file."""
        offset, size = 0, None
        if part := _RANGE.fullmatch(text):
            text, offset = part[1], int(part[2])
            size = int(part[3]) + 1 - offset
        if text.startswith(_FILE):
            text = os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE)))
        return cls(text, offset, size)

    def __str__(self) -> str:
        text = _FILE + quote_from_bytes(os.fsencode(self.location)) if self.local else self.location
        return text if self.size is None else f"{text}#bytes={self.offset}-{self.offset + self.size - 1}"

    @property
    def local(self) -> bool:
        """Whether it lies in a file system of this machine."""
        return os.path.isabs(self.location)

    def read(self, max_bytes: int) -> bytes:
        """The bytes.

        Raises:
            UnreachableReference: they cannot be read from here.
            PayloadTooLarge: they are more than `max_bytes`.
        """
        wanted = max_bytes + 1 if self.size is None else min(self.size, max_bytes + 1)
        try:
            with self._open() as file:
                file.seek(self.offset)
                read: bytes = file.read(wanted)
        except (OSError, ValueError, ImportError) as error:  # the last two: fsspec does not know the protocol
            raise UnreachableReference(f"the image cannot be read: {error}") from error
        if len(read) > max_bytes:
            raise PayloadTooLarge(f"the image has more bytes than the {max_bytes} allowed")
        return read

    def _open(self) -> IO[bytes]:
        if not self.local:
            import fsspec  # an extra: only whoever refers to object storage needs it

            return fsspec.open(self.location, "rb").open()  # type: ignore[no-any-return]
        if not Path(self.location).is_file():
            # Opening a pipe would wait for its other end.
            raise FileNotFoundError("no such file")
        return open(self.location, "rb")
