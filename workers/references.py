"""Images by reference: the worker reads them itself, from the roots that its deployment allows."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from config.settings import LimitSettings
from jobs.errors import UnreachableReference
from jobs.reference import Reference
from models.imaging.headers import check_decoded_bytes, check_pixels, read_header


def is_reference(name: str) -> bool:
    """Whether a name is a reference to an image; otherwise it is the id of a blob."""
    return "://" in name


def is_far(name: str) -> bool:
    """Whether an image is on another machine than this worker and the store."""
    return is_reference(name) and not Reference.parse(name).local


class References:
    """Reads images under some roots only.

    Args:
        roots: folders, and prefixes of URLs.
        limits: of an image; the API has not checked these.
    """

    def __init__(self, roots: Sequence[str], limits: LimitSettings) -> None:
        self._folders = [Path(os.path.realpath(root)) for root in roots if not is_reference(root)]
        self._prefixes = [root.rstrip("/") + "/" for root in roots if is_reference(root)]
        self._limits = limits

    def read(self, text: str) -> bytes:
        """The encoded image that a reference points to.

        Raises:
            UnreachableReference: it is outside the roots, links lead out of them, or it cannot be read.
            InvalidRequest: it is no image that Faceline reads, or is larger than allowed.
        """
        reference = Reference.parse(text)
        reference.check()
        if not self._allows(reference):
            raise UnreachableReference("the reference is outside the roots that this deployment allows")
        image = reference.read(self._limits.image_bytes)
        header = read_header(image)
        check_pixels(header, self._limits.pixels)
        check_decoded_bytes(header, self._limits.decoded_bytes)
        return image

    def _allows(self, reference: Reference) -> bool:
        if reference.local:
            real = Path(os.path.realpath(reference.location))
            return any(real.is_relative_to(folder) for folder in self._folders)
        # "::" chains file systems: the part in front of it is not the one that is read. Over HTTP "%2e" is a dot.
        parts = unquote(reference.location).split("/")
        harmless = "::" not in reference.location and not {"..", "."}.intersection(parts)
        return harmless and reference.location.startswith(tuple(self._prefixes))
