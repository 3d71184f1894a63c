"""Photos and templates as callers have them."""

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from io import TextIOBase
from pathlib import Path
from typing import Any, BinaryIO

from faceline_client.conversion import to_json
from faceline_client.results import Sample, SampleObject, SampleObjectV1, SampleV1

Photo = str | os.PathLike[str] | bytes | BinaryIO
"""A photo: the path of a file, its bytes, or a file that is open for reading bytes."""
AnySample = Sample | SampleV1 | Mapping[str, Any]
"""A sample: an answer of this API, or JSON as a dictionary."""


@dataclass(frozen=True, slots=True)
class Template:
    """A biometric template.

    Attributes:
        data: its 296 bytes.
    """

    data: bytes

    @classmethod
    def of(cls, face: SampleObject | SampleObjectV1) -> "Template":
        """The template of a face.

        Raises:
            ValueError: the face has none: no service of the job extracts templates.
        """
        template = face.template
        if template is None:
            raise ValueError("the face has no template: run template-extractor")
        text = template if isinstance(template, str) else template.face_template_extractor_1000_12.blob
        return cls(b64decode(text))


def read_photo(photo: Photo) -> bytes:
    """The bytes of a photo.

    Raises:
        OSError: the file cannot be read.
        TypeError: it is no photo. URLs are not taken: the API does not fetch them. A file must be open for bytes.
    """
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, str) and "://" in photo:
        raise TypeError(f"{photo} is a URL: give a path, bytes or an open file")
    if isinstance(photo, str | os.PathLike):
        return Path(photo).read_bytes()
    if hasattr(photo, "read") and not isinstance(photo, TextIOBase):
        content = photo.read()
        if isinstance(content, bytes):
            return content
    raise TypeError(f"a photo is a path, bytes or a file that is open for reading bytes, not {type(photo).__name__}")


def name_of(photo: Photo, index: int) -> str:
    """The name of a photo: its path, or its place among others."""
    return os.fspath(photo) if isinstance(photo, str | os.PathLike) else str(index)


def sample_json(sample: AnySample) -> dict[str, Any]:
    """A sample as JSON."""
    converted: dict[str, Any] = to_json(sample)
    return converted


def photo_sample(image: bytes, version: int) -> dict[str, Any]:
    """A sample that has a photo and nothing else."""
    text = b64encode(image).decode()
    return {"_image": {"blob": text, "format": "IMAGE"}} if version == 2 else {"$image": text}


def is_photo(value: object) -> bool:
    """Whether it is a photo, and not a sample."""
    return not isinstance(value, Sample | SampleV1 | Mapping)
