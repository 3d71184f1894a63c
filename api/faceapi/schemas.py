"""The JSON of the routes under `/faceapi/v1`."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from pydantic import BaseModel
from pydantic import Field as Key

Json = dict[str, Any]


class Code(IntEnum):
    """What went wrong."""

    OK = 0
    MISSING_FIELD = 1
    BAD_KEY = 2
    BAD_IMAGE = 3
    NO_FACE = 4
    TOO_LARGE = 5
    TIMED_OUT = 6
    INTERNAL = 7


CODES: Mapping[str, Code] = {
    "undecodable_base64": Code.BAD_IMAGE,
    "invalid_image": Code.BAD_IMAGE,
    "payload_too_large": Code.TOO_LARGE,
    "image_too_large": Code.TOO_LARGE,
    "invalid_sample": Code.MISSING_FIELD,
    "unsupported_media": Code.MISSING_FIELD,
    "waited_too_long": Code.TIMED_OUT,
    "timed_out": Code.TIMED_OUT,
}
"""The code of an error by its stable type; `INTERNAL` for all others."""


class FaceRequest(BaseModel):
    """A photo and the API key of the caller."""

    image: str = Key(description="base64")
    api_key: str


class FaceAnswer(BaseModel):
    """`Ok` with data, or `Err` with a code and a message."""

    result: str
    code: Code
    message: str
    data: Json
