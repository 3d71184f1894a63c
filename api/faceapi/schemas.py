"""The JSON of the routes under `/faceapi/v1`."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
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
    api_key: str = Key(
        description="an API key with the scope `process`, or a key that the deployment accepts here only"
    )


class Outcome(BaseModel):
    """Whether there is an answer, or what went wrong."""

    result: Literal["Ok", "Err"]
    code: Code = Key(description="0 if there is data, or what went wrong")
    message: str = Key(description="what went wrong, for people")


class FaceAnswer(Outcome):
    """`Ok` with data, or `Err` with a code and a message."""

    data: Json


class Nothing(BaseModel):
    """An empty object: the data of an error."""

    model_config = ConfigDict(extra="forbid")


class FoundAge(BaseModel):
    """The age of a face."""

    age: int = Key(description="in years")


class FoundGender(BaseModel):
    """The gender of a face."""

    gender: Literal["M", "F"]
    gender_probability: int = Key(ge=0, le=100, alias="genderProbability", description="in percent")


class FoundExpression(BaseModel):
    """How strongly each expression shows, in percent; they sum to 100."""

    neutral: int
    happy: int
    sad: int
    angry: int
    fearful: int
    disgusted: int
    surprised: int


class AgeAnswer(Outcome):
    """The age of the largest face, or an error."""

    data: FoundAge | Nothing


class GenderAnswer(Outcome):
    """The gender of the largest face, or an error."""

    data: FoundGender | Nothing


class ExpressionAnswer(Outcome):
    """The expression of the largest face, or an error."""

    data: FoundExpression | Nothing
