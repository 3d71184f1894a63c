"""The files of a source that are not photos of the run, counted by kind, so that no file is lost silently."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from bulk.text import printable

MOST_KINDS = 50
"""Files of further kinds are counted together."""
OTHER = "other"
HIDDEN = "hidden"
UNREADABLE_FOLDER = "unreadable folder"
EXTRA_IMAGES = (".heic", ".heif", ".hif", ".avif", ".tif", ".tiff")
"""The suffixes of images that need the extra `formats`."""
_UNSUPPORTED_IMAGES = frozenset(
    f".{suffix}"
    for suffix in "gif jp2 jxl svg psd dng cr2 cr3 nef arw raf orf rw2 raw".split()  # noqa: SIM905
)
_ARCHIVES = frozenset((".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"))


class KindCount(TypedDict):
    """How many files of one kind were passed over, and the name of the first."""

    count: int
    first: str


@dataclass(slots=True)
class PassedOver:
    """The files that one reading of a source passed over.

    Attributes:
        kinds: counts by kind: the suffix of a file in small letters, or why it was passed over.
    """

    kinds: dict[str, KindCount] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count a file or folder."""
        name = printable(name)
        if kind not in self.kinds and len(self.kinds) >= MOST_KINDS:
            kind = OTHER
        self.kinds.setdefault(kind, {"count": 0, "first": name})["count"] += 1

    def add_file(self, name: str) -> None:
        """Count a file whose suffix is not that of a photo."""
        self.add(os.path.splitext(printable(name))[1].lower() or "no suffix", name)

    @property
    def hints(self) -> str:
        """What the user can do about them; empty if they look like no photos."""
        found = self.kinds.keys()
        hints: Mapping[str, bool] = {
            "for HEIC, AVIF and TIFF run `pip install 'faceline[formats]'`": not found.isdisjoint(EXTRA_IMAGES),
            "convert images of other formats to JPEG, PNG, BMP or WebP": bool(_UNSUPPORTED_IMAGES & found),
            "unpack archives": bool(_ARCHIVES & found),
            "give this user the permission to read all folders": UNREADABLE_FOLDER in found,
        }
        return "; ".join(hint for hint, applies in hints.items() if applies)

    def __str__(self) -> str:
        by_count = sorted(self.kinds.items(), key=lambda kind: -kind[1]["count"])
        return ", ".join(f"{entry['count']} {kind} ({entry['first']})" for kind, entry in by_count)
