"""Annotated photos of a bulk run: a JPEG for each photo with a result."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from logging import getLogger
from pathlib import Path, PurePosixPath

import cv2

from bulk.errors import InvalidSource
from bulk.inputs import Input, PhotoSource
from bulk.sources.files import FileSource
from models.errors import InvalidRequest
from models.imaging.decode import decode
from pipelines.chunk import Item
from pipelines.drawing import draw_sample

log = getLogger(__name__)

MOST_NAME_BYTES = 200
"""Of a file or folder; longer names are cut off, and a digest is added."""
_JPEG = (".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class PictureFolder:
    """A folder that has a picture under the name of each photo.

    Attributes:
        max_image_bytes: of a photo.
    """

    folder: Path
    max_image_bytes: int

    def require_outside(self, source: PhotoSource) -> None:
        """Check that the pictures are not among the photos of a later run.

        Raises:
            InvalidSource: the folder is inside the folder of the photos.
        """
        roots = source.roots if isinstance(source, FileSource) else ()
        if any(os.path.isabs(root) and self.folder.resolve().is_relative_to(Path(root).resolve()) for root in roots):
            raise InvalidSource(f"{self.folder} is inside the folder of the photos: choose another for the pictures")

    def write(self, results: Sequence[tuple[Input, Item]]) -> None:
        """Draw the photos, which are read again; a photo that cannot be read has no picture.

        Raises:
            OSError: the folder cannot be written.
        """
        for photo, item in results:
            try:
                image = decode(photo.reference.read(self.max_image_bytes))
            except InvalidRequest as error:
                log.warning("no picture: the photo cannot be read again", extra={"error": error.type})
                continue
            path = self.folder / picture_name(photo.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            _, encoded = cv2.imencode(".jpg", draw_sample(image, item.sample))
            path.write_bytes(encoded.tobytes())


def picture_name(name: str) -> PurePosixPath:
    """The path of a picture in its folder, from the name of its photo; it never leaves the folder."""
    parts = [_short(part) for part in name.split("://")[-1].split("/") if part not in ("", ".", "..")]
    path = PurePosixPath(*(parts or ["photo"]))
    return path if path.suffix.lower() in _JPEG else path.with_name(f"{path.name}.jpg")


def _short(part: str) -> str:
    encoded = os.fsencode(part.replace("\0", ""))
    if len(encoded) <= MOST_NAME_BYTES:
        return os.fsdecode(encoded)
    digest = blake2b(encoded, digest_size=8).hexdigest()
    return f"{encoded[:MOST_NAME_BYTES].decode(errors='ignore')}-{digest}"
