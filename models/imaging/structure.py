"""What the readers of image formats have in common."""

from dataclasses import dataclass

from models.errors import InvalidImage

MOST_SEGMENTS = 10_000
"""The most segments, chunks or boxes of an image: they are read one by one, and each takes a microsecond."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What the segments of an image say.

    Attributes:
        width: of the stored pixels.
        height: of the stored pixels.
        exif: the EXIF block, empty if there is none.
        scan_end: where the data of the only scan of a JPEG end; None for other files. All rows have to be before it.
        pixel_bytes: of a pixel as the decoder gives it.
        orientation: how to turn the pixels, 1 to 8, in formats that say it outside of EXIF; else None.
    """

    width: int
    height: int
    exif: bytes = b""
    scan_end: int | None = None
    pixel_bytes: int = 3
    orientation: int | None = None


def too_many_segments(kind: str) -> InvalidImage:
    """The error of an image with more segments than are read."""
    return InvalidImage(f"The {kind} data have more than {MOST_SEGMENTS} segments")
