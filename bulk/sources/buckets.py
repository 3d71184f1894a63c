"""Buckets of S3 and Google Cloud Storage, listed page by page; fsspec would hold the whole listing in memory.

A bucket has no folders, but keys in the order of their UTF-8 bytes. A walk from folder to folder has the same order if
the names of folders are compared with a "/" at their end, as all file systems here do.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bulk.passed_over import HIDDEN, PassedOver
from bulk.sources.remote import RemoteFileSystem

Listing = Callable[[Any, str, str, str], Iterator[str]]
"""Gives the keys of a bucket that begin with a prefix; a key that has the delimiter after the prefix is left out.

The arguments are the file system, the bucket, the prefix and the delimiter, which may be empty.
"""


@dataclass(frozen=True, slots=True)
class BucketFileSystem(RemoteFileSystem):
    """A bucket; a `FileSystem`.

    Attributes:
        listing: lists its keys.
    """

    listing: Listing

    def is_folder(self, path: str) -> bool:
        """See `FileSystem.is_folder`. It needs the permission to list keys only."""
        return next(self._keys(path, ""), None) is not None

    def paths(self, folder: str, depth: int | None, passed_over: PassedOver) -> Iterator[str]:
        """See `FileSystem.paths`. A page holds keys of all depths: many small folders take as long as one large one."""
        for path in self._keys(folder, "/" if depth == 1 else ""):
            # The keys of empty objects that represent folders end in "/".
            if path.endswith("/") or not path:
                continue
            if any(part.startswith(".") for part in path.split("/")):
                passed_over.add(HIDDEN, path)
            else:
                yield path

    def _keys(self, folder: str, delimiter: str) -> Iterator[str]:
        bucket, key, _ = self.files.split_path(folder)
        prefix = f"{key}/" if key else ""
        return (found.removeprefix(prefix) for found in self.listing(self.files, bucket, prefix, delimiter))


def _s3(files: Any, bucket: str, prefix: str, delimiter: str) -> Iterator[str]:
    more: Mapping[str, str] = {}
    while True:
        page = files.call_s3(
            "list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter=delimiter, **files.req_kw, **more
        )
        yield from (entry["Key"] for entry in page.get("Contents", ()))
        if not page.get("IsTruncated"):
            return
        more = {"ContinuationToken": page["NextContinuationToken"]}


def _gs(files: Any, bucket: str, prefix: str, delimiter: str) -> Iterator[str]:
    query = {"prefix": prefix or None, "delimiter": delimiter or None, "fields": "nextPageToken,items(name)"}
    while True:
        page = files.call("GET", "b/{}/o", bucket, json_out=True, **query)
        yield from (entry["name"] for entry in page.get("items", ()))
        if "nextPageToken" not in page:
            return
        query["pageToken"] = page["nextPageToken"]


LISTINGS: Mapping[str, Listing] = {"s3": _s3, "gs": _gs}
"""By the protocol of a file system."""
