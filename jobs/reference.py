"""References: the location of an image that is read where it is, instead of being sent."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote, quote_from_bytes, unquote, unquote_to_bytes

from jobs.errors import PayloadTooLarge, UnreachableReference
from pipelines.errors import MESSAGE_LENGTH

_FILE = "file://"
_BUCKETS = ("s3://", "s3a://", "gs://", "gcs://")
_RANGE = re.compile(r"(.*)#bytes=([0-9]{1,18})-([0-9]{1,18})", re.DOTALL)
_LOGIN = re.compile(r"(?<=://)[^/?#]*@")


def without_login(url: str, text: str | None = None) -> str:
    """A URL without its user and password; or a text that may contain the URL, without them."""
    login = _LOGIN.search(url)
    text = url if text is None else text
    if login:
        for spelling in (login[0], unquote(login[0]), quote(login[0], safe="", errors="replace")):
            text = text.replace(spelling, "")
    return text


@dataclass(frozen=True, slots=True)
class Reference:
    """A file, or a part of one.

    Attributes:
        location: an absolute path, or a URL that fsspec reads.
        offset: of the first byte; a photo inside a tar has one.
        size: in bytes; None means to the end of the file.
    """

    location: str
    offset: int = 0
    size: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reference that `str` wrote: a URL, with `#bytes=first-last` behind it for a part of a file."""
        offset, size = 0, None
        if part := _RANGE.fullmatch(text):
            text, offset = part[1], int(part[2])
            size = int(part[3]) + 1 - offset
        if text.startswith(_FILE):
            text = os.fsdecode(unquote_to_bytes(text.removeprefix(_FILE).encode("utf-8", "surrogatepass")))
        return cls(text, offset, size)

    def __str__(self) -> str:
        text = _FILE + quote_from_bytes(os.fsencode(self.location)) if self.local else self.location
        return text if self.size is None else f"{text}#bytes={self.offset}-{self.offset + self.size - 1}"

    @property
    def local(self) -> bool:
        """Whether the file is in a file system of this machine."""
        return os.path.isabs(self.location)

    def check(self) -> None:
        """Check that there can be such a file, and such a part of it.

        Raises:
            UnreachableReference: its name has a zero byte or is no text, or the part ends before it begins.
        """
        # A local path is decoded already: a file can have the name `a%00.jpg`.
        if "\0" in (self.location if self.local else unquote(self.location)):
            raise UnreachableReference("the name of the image has a zero byte")
        try:
            str(self).encode()
        except UnicodeEncodeError as error:
            raise UnreachableReference("the name of the image is no text: it has a lone surrogate") from error
        if self.size is not None and self.size < 1:
            raise UnreachableReference("the part of the file has no bytes: write `#bytes=first-last`")

    def read(self, max_bytes: int) -> bytes:
        """The bytes.

        Raises:
            UnreachableReference: they cannot be read from here, or are not all there.
            PayloadTooLarge: they are more than `max_bytes`.
        """
        self.check()
        too_large = PayloadTooLarge(f"the image has more bytes than the {max_bytes} allowed")
        if self.size is not None and self.size > max_bytes:
            raise too_large
        wanted = max_bytes + 1 if self.size is None else self.size
        try:
            read = self._read_local(wanted) if self.local else self._read_remote(wanted)
        except Exception as error:  # each package behind fsspec has errors of its own
            # Names that are not UTF-8 could not be stored.
            reason = without_login(self.location, str(error)).encode("utf-8", "backslashreplace").decode()
            raise UnreachableReference(f"the image cannot be read: {reason[:MESSAGE_LENGTH]}") from error
        if len(read) > max_bytes:
            raise too_large
        if self.size is not None and len(read) < self.size:
            raise UnreachableReference("the file ends before the end of the part")
        return read

    def _read_local(self, wanted: int) -> bytes:
        if not Path(self.location).is_file():
            # Opening a pipe would wait for its other end.
            raise FileNotFoundError("no such file")
        with open(self.location, "rb") as file:
            file.seek(self.offset)
            return file.read(wanted)

    def _read_remote(self, wanted: int) -> bytes:
        from fsspec.core import url_to_fs  # an extra: only references to object storage need it

        files, path = url_to_fs(self.location)
        if self.size is None and not self.location.startswith(_BUCKETS):
            file: IO[bytes]
            with files.open(path, "rb") as file:
                return file.read(wanted)
        # A single request; opening an object takes one or two more, and reads megabytes ahead.
        try:
            part: bytes = files.cat_file(path, start=self.offset, end=self.offset + wanted)
        except Exception:
            if self.size is None and files.size(path) == 0:
                return b""  # of which no part can be asked for
            raise
        if len(part) > wanted:
            raise OSError("the server gives no parts of files")
        return part
