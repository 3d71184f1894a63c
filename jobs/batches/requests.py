"""The requests of a batch, read from its body: lines of JSON, or the images of an archive."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Literal

from pydantic import Field as Key

from config.settings import BatchSettings, LimitSettings
from jobs.batches.archives import ArchiveMember, read_archive
from jobs.errors import PayloadTooLarge
from jobs.factory import JobFactory, Submission
from jobs.idempotency import RequestKey
from jobs.job import RunOptions
from jobs.json_parsing import parse_object
from jobs.request_parsing import ServiceOptions, parse_options
from jobs.webhooks.webhook import Webhook
from models.errors import InvalidRequest
from pipelines.dialects import Dialect, dialect_of
from pipelines.dialects.sample_schema import SampleJson
from pipelines.errors import Detail, InvalidSample

CUSTOM_ID_LENGTH = 512
LINES_AT_A_TIME = 1_000
"""Other requests are served after so many lines, which may all be empty."""
URL = r"^[a-z][a-z0-9+.-]*://"
"""References must be URLs: a bare name would be looked up in the store, where it could match another caller's image."""


class BatchLine(ServiceOptions):
    """A line of a JSONL file: a sample, what is to be done to it, and its caller's name for it."""

    custom_id: str = Key(min_length=1, max_length=CUSTOM_ID_LENGTH, description="unique in its batch")
    sample: SampleJson = Key(default_factory=dict, description="in dialect v1 or v2; the result is in the same")
    reference: str | None = Key(
        None,
        pattern=URL,
        max_length=4096,
        description="instead of the sample's image: its URL, in a location that the workers may read",
    )


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch whose body is not read yet.

    Attributes:
        body_kind: what its body is.
        options: of its jobs; a line of JSON may set some of them itself.
        services: that run on each image of an archive; a line of JSON names its own.
        dialect: of the results of an archive.
        caller: see `BatchSpec`.
        owner: see `BatchSpec`.
        key: the idempotency key of the request.
        webhook: that the caller asked for.
    """

    body_kind: Literal["lines", "archive"]
    options: RunOptions
    services: tuple[str, ...]
    dialect: Dialect
    caller: str = ""
    owner: str | None = None
    key: RequestKey | None = None
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A request of a batch.

    Attributes:
        line: see `RequestPosition`.
        custom_id: the caller's name for it; None if it has no valid one.
        content: what it submits, or what is wrong with it.
    """

    line: int
    custom_id: str | None
    content: Submission | InvalidRequest


async def read_lines(
    body: AsyncIterator[bytes], options: RunOptions, factory: JobFactory
) -> AsyncIterator[BatchRequest]:
    """The requests of a JSONL body, while it comes in; empty lines are left out."""
    number = 0
    async for line in split_lines(body, factory.limits.body_bytes):
        number += 1
        if line is None or line.strip():
            yield await asyncio.to_thread(parse_line, number, line, factory, options)


async def read_images(
    body: AsyncIterator[bytes], batch: NewBatch, limits: LimitSettings, bounds: BatchSettings
) -> AsyncIterator[BatchRequest]:
    """The requests of an archive, once all of it is in: one for each image, with the name of the image as custom id.

    Raises:
        InvalidArchive: the archive cannot be read, or is not allowed.
        PayloadTooLarge: the archive has too much in it.
    """
    held = BytesIO()
    async for part in body:
        held.write(part)
    requests = _image_requests(held.getvalue(), batch, limits, bounds)
    while (request := await asyncio.to_thread(next, requests, None)) is not None:
        yield request


async def split_lines(parts: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes | None]:
    """The lines of a stream; None for a line that is longer than `max_bytes`, which is not held in memory."""
    held, too_long = bytearray(), False
    async for part in parts:
        for index, fragment in enumerate(part.split(b"\n")):
            if not index % LINES_AT_A_TIME:
                await asyncio.sleep(0)
            if index:
                yield None if too_long else bytes(held)
                held.clear()
                too_long = False
            too_long = too_long or len(held) + len(fragment) > max_bytes
            if too_long:
                held.clear()
            else:
                held += fragment
    if held or too_long:
        yield None if too_long else bytes(held)


def parse_line(line: int, text: bytes | None, factory: JobFactory, defaults: RunOptions) -> BatchRequest:
    """The request of a line of JSON.

    Args:
        line: its number.
        text: None if it was too long.
        factory: has the limits of the line and its JSON, and knows which services replace objects.
        defaults: of the options that the line does not set.
    """
    if text is None:
        too_large = PayloadTooLarge(f"the line has more than the {factory.limits.body_bytes} bytes allowed")
        return BatchRequest(line, None, too_large)
    custom_id = None
    try:
        given = parse_object(text, factory.limits)
        named = given.get("custom_id")
        custom_id = named if isinstance(named, str) and 0 < len(named) <= CUSTOM_ID_LENGTH else None
        submission = _line_submission(parse_options(BatchLine, given), factory, defaults)
    except InvalidRequest as error:
        return BatchRequest(line, custom_id, error)
    return BatchRequest(line, custom_id, submission)


def _line_submission(line: BatchLine, factory: JobFactory, defaults: RunOptions) -> Submission:
    services = line.resolve_services()
    try:
        dialect = _dialect_of(line.sample, services, factory)
    except InvalidSample as error:
        raise error.under("sample") from error
    if line.reference is not None and (line.include_image or line.sample.get(dialect.image_key) is not None):
        message = (
            "a reference replaces the image, and its image cannot be echoed: leave out `image` and `include_image`"
        )
        raise InvalidSample([Detail(loc=["reference"], msg=message, type="ambiguous")])
    options = replace(defaults, on_error=line.on_error, include_image=line.include_image, max_faces=line.max_faces)
    return Submission(services, line.sample, dialect, options, reference=line.reference, error_prefix=("sample",))


def _dialect_of(sample: Mapping[str, Any], services: Sequence[str], factory: JobFactory) -> Dialect:
    """The dialect of the sample of a line. Objects that the first service replaces may be in any dialect.

    Raises:
        InvalidSample: see `dialect_of`.
    """
    try:
        # With the objects first: the sample of a reference has no image that shows its dialect.
        return dialect_of(sample)
    except InvalidSample:
        return dialect_of(factory.without_replaced_objects(services, sample))


def _image_requests(
    body: bytes, batch: NewBatch, limits: LimitSettings, bounds: BatchSettings
) -> Iterator[BatchRequest]:
    for member in read_archive(body, bounds, limits.image_bytes):
        yield BatchRequest(member.index, member.name, _image_submission(member, batch, limits))


def _image_submission(member: ArchiveMember, batch: NewBatch, limits: LimitSettings) -> Submission | InvalidRequest:
    if member.image is None:
        return PayloadTooLarge(f"the image has more than the {limits.image_bytes} bytes allowed")
    return Submission(batch.services, {}, batch.dialect, batch.options, member.image)
