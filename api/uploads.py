"""Bodies: read once, counted while they come in, never written to disk."""

from collections.abc import AsyncGenerator
from math import isfinite
from typing import Any

from fastapi import Request
from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.errors import UnsupportedMedia
from config.settings import LimitSettings
from jobs.errors import PayloadTooLarge
from pipelines.errors import Detail, InvalidSample

FORM_OVERHEAD_BYTES = 65_536
"""Of the boundaries and the fields of a form beside its image."""


async def read_sample(request: Request, limits: LimitSettings) -> bytes:
    """The body of a request whose image is base64 inside JSON.

    Raises:
        UnsupportedMedia: it is a form.
        PayloadTooLarge: it grows beyond what an image and a sample may have together.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise UnsupportedMedia("this route takes application/json")
    limit = (limits.image_bytes + 2) // 3 * 4 + limits.sample_bytes
    return b"".join([part async for part in counted(request, limit)])


async def read_form(request: Request, limits: LimitSettings) -> FormData:
    """The form of a multipart request, held in memory.

    Raises:
        UnsupportedMedia: the body is no multipart form.
        PayloadTooLarge: it grows beyond what an image may have.
        InvalidSample: the form is broken.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMedia("this route takes multipart/form-data with a field `image`")
    stream = counted(request, limits.image_bytes + FORM_OVERHEAD_BYTES)
    try:
        return await _InMemory(request.headers, stream, max_files=1, max_fields=20).parse()
    except MultiPartException as error:
        raise InvalidSample([Detail(loc=[], msg=error.message, type="form_invalid")]) from error


async def image_of(form: FormData) -> bytes:
    """The image of a form.

    Raises:
        InvalidSample: there is none.
        UnsupportedMedia: it claims to be something else than an image.
    """
    upload = form.get("image")
    if not isinstance(upload, UploadFile):
        raise InvalidSample([Detail(loc=["image"], msg="Field required", type="missing")])
    claimed = (upload.content_type or "").lower()
    if claimed and not claimed.startswith(("image/", "application/octet-stream")):
        raise UnsupportedMedia(f"the field `image` takes an image, not {claimed}")
    return await upload.read()


def parse_sample(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        InvalidSample: it is none.
    """
    try:
        parsed = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidSample([Detail(loc=[], msg=str(error), type="json_invalid")]) from error
    if not _is_finite(parsed):
        raise InvalidSample([Detail(loc=[], msg="numbers must be finite", type="finite_number")])
    if not isinstance(parsed, dict):
        raise InvalidSample([Detail(loc=[], msg="Input should be an object", type="dict_type")])
    return parsed


def _is_finite(value: Any) -> bool:
    """Whether JSON can say all of it: a number with too large an exponent was read as infinity."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)


async def counted(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body of a request as it comes in.

    Raises:
        PayloadTooLarge: it has more than `limit` bytes.
    """
    too_large = PayloadTooLarge(f"the body has more than the {limit} bytes allowed")
    if int(request.headers.get("content-length", "0")) > limit:
        raise too_large
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise too_large
        yield part


class _InMemory(MultiPartParser):
    # The base class spills files over a megabyte to disk, where nobody would erase them.
    spool_max_size = 2**31
