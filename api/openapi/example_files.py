"""The examples of the documents: each request can be sent unchanged, and each answer was given to it.

`make openapi-examples` renews the files. They have a mark where the photo goes, so that the photo is stored once.
"""

import json
from base64 import b64encode
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from pipelines.dialects import Dialect

PHOTO_MARK = "<image, base64>"

_FOLDER = files("api.openapi") / "examples"


@cache
def photo() -> bytes:
    """The encoded photo of all examples."""
    return (_FOLDER / "photo.jpg").read_bytes()


def photo_text() -> str:
    """The photo in base64."""
    return b64encode(photo()).decode()


def sample_with_photo(dialect: Dialect) -> dict[str, Any]:
    """A sample with the photo and nothing else."""
    return {dialect.image_key: dialect.write_image(photo_text())}


@cache
def service_example(service: str, dialect: Dialect, kind: str) -> Any:
    """The example of a service's request or response; None if there is none."""
    file = _FOLDER / dialect.name / f"{service}.{kind}.json"
    return _example(file) if file.is_file() else None


@cache
def verify_example(kind: str) -> Any:
    """The example of the request or the response of `POST /verify`."""
    return _example(_FOLDER / f"verify.{kind}.json")


def _example(file: Traversable) -> Any:
    return json.loads(file.read_text().replace(PHOTO_MARK, photo_text()))
