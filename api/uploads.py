"""Reads the bodies of requests: with a limit on their bytes, and without writing them to disk."""

from collections.abc import AsyncGenerator, Sequence

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.errors import UnsupportedMedia
from config.settings import LimitSettings
from jobs.errors import PayloadTooLarge
from pipelines.errors import Detail, InvalidSample

FORM_OVERHEAD_BYTES = 65_536
"""How many bytes the boundaries and the other fields of a form may have beside its image."""
_UTF_8 = (b"utf-8", b"utf8")


async def read_sample(request: Request, limits: LimitSettings) -> bytes:
    """The body of a request whose image is base64 inside JSON.

    Raises:
        UnsupportedMedia: it is not declared as JSON. Pages of other sites may send other types without being asked.
        PayloadTooLarge: it has more bytes than an image and a sample may have together.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMedia("this route takes application/json")
    return b"".join([part async for part in counted(request, limits.body_bytes)])


async def read_form(request: Request, limits: LimitSettings, images: Sequence[str] = ("image",)) -> FormData:
    """The form of a multipart request, held in memory.

    Args:
        request: whose body is read.
        limits: of each image.
        images: the names of the fields that have images.

    Raises:
        UnsupportedMedia: the body is not a multipart form, or its texts are not in UTF-8.
        PayloadTooLarge: it has more bytes than its images may have.
        InvalidSample: the form is broken.
    """
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        fields = " and ".join(f"a field `{name}`" for name in images)
        raise UnsupportedMedia(f"this route takes multipart/form-data with {fields}")
    # The parser would decode texts with any codec of Python; some take minutes for a megabyte.
    if parse_options_header(content_type)[1].get(b"charset", b"utf-8").lower() not in _UTF_8:
        raise UnsupportedMedia("the texts of forms are read as UTF-8: send this form without another charset")
    stream = counted(request, len(images) * limits.image_bytes + FORM_OVERHEAD_BYTES)
    try:
        return await _InMemory(request.headers, stream, max_files=len(images), max_fields=20).parse()
    except MultiPartException as error:
        raise InvalidSample([Detail(loc=[], msg=error.message, type="form_invalid")]) from error


async def image_of(form: FormData, field: str = "image") -> bytes:
    """The image in a field of a form.

    Raises:
        InvalidSample: the form has no image.
        UnsupportedMedia: the media type of the field is not that of an image.
    """
    upload = form.get(field)
    if not isinstance(upload, UploadFile):
        raise InvalidSample([Detail(loc=[field], msg="Field required", type="missing")])
    claimed = (upload.content_type or "").lower()
    if claimed and not claimed.startswith(("image/", "application/octet-stream")):
        raise UnsupportedMedia(f"the field `{field}` takes an image, not {claimed}")
    return await upload.read()


async def counted(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The parts of a body as they come in.

    Raises:
        UnsupportedMedia: the body is compressed.
        PayloadTooLarge: it has more than `limit` bytes.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise UnsupportedMedia(f"bodies are not decompressed: send this one without Content-Encoding: {coding}")
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
    # The base class writes files over a megabyte to disk, and they would stay there after a crash.
    spool_max_size = 2**31
