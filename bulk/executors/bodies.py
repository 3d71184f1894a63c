"""The bodies of batches: photos, or references to photos, with their indices as names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from faceline_client import Work
from faceline_client.requests import archive
from jobs.factory import CheckedSample
from jobs.job import OnError


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a batch.

    Attributes:
        media_type: of the content.
        work: what is to be done to an archive; lines of JSON say it themselves.
    """

    media_type: str
    work: Work
    content: bytes


def body_of(photos: Sequence[CheckedSample], services: Sequence[str], on_error: OnError) -> Body:
    """A batch of photos: their bytes if they were read, otherwise their references."""
    images = [photo.image for photo in photos if photo.image is not None]
    if images:
        return Body("application/x-tar", Work(services=services, on_error=on_error), archive(images))
    return _lines([photo.reference for photo in photos if photo.reference is not None], services, on_error)


def split(photos: Sequence[CheckedSample], max_bytes: int) -> list[Sequence[CheckedSample]]:
    """Splits photos into groups of at most `max_bytes`; a photo larger than that gets a group of its own."""
    groups: list[list[CheckedSample]] = []
    left = 0
    for photo in photos:
        size = len(photo.image or b"")
        if not groups or size > left:
            groups.append([])
            left = max_bytes
        groups[-1].append(photo)
        left -= size
    return list(groups)


def _lines(references: Sequence[str], services: Sequence[str], on_error: OnError) -> Body:
    """References to images as lines of JSON."""
    options: dict[str, Any] = {"services": services, "on_error": on_error}
    requests = (
        {"custom_id": str(index), "reference": reference, **options} for index, reference in enumerate(references)
    )
    return Body("application/x-ndjson", Work(), b"".join(to_json(request) + b"\n" for request in requests))
