"""Buckets, listed page by page: fsspec lists a folder in one piece, a million names with all that is known of them.

A bucket knows no folders, but keys in the order of their bytes in UTF-8. That is the order of a walk from folder to
folder which takes their names with a "/" behind them, as everywhere here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bulk.sources.remote import RemotePlace

Listing = Callable[[Any, str, str, str], Iterator[str]]
"""The keys in a bucket that begin with a prefix, up to the first delimiter behind it if one is said."""


@dataclass(frozen=True, slots=True)
class BucketPlace(RemotePlace):
    """A `Place`.

    Attributes:
        listing: of its keys.
    """

    listing: Listing

    def is_folder(self, path: str) -> bool:
        """See `Place.is_folder`. Somebody who may only list it finds it, too."""
        return next(self._keys(path, ""), None) is not None

    def paths(self, folder: str, depth: int | None) -> Iterator[str]:
        """See `Place.paths`. A page tells of all depths, so that many small folders cost no more than a large one."""
        for path in self._keys(folder, "/" if depth == 1 else ""):
            # Empty objects that stand for folders end in "/".
            if not path.endswith("/") and path and not any(part.startswith(".") for part in path.split("/")):
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
    asked = {"prefix": prefix or None, "delimiter": delimiter or None, "fields": "nextPageToken,items(name)"}
    while True:
        page = files.call("GET", "b/{}/o", bucket, json_out=True, **asked)
        yield from (entry["name"] for entry in page.get("items", ()))
        if "nextPageToken" not in page:
            return
        asked["pageToken"] = page["nextPageToken"]


LISTINGS: Mapping[str, Listing] = {"s3": _s3, "gs": _gs}
"""By the protocol of a file system."""
