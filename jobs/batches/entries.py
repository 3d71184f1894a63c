"""The requests of a batch, out of the body that carries them: lines of JSON, or the images of an archive."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from api.batches.schemas import CUSTOM_ID_LENGTH, BatchLine
from api.jobs.schemas import parse_options
from api.uploads import parse_sample
from config.settings import BatchSettings, LimitSettings
from jobs.batches.archives import Member, read_archive
from jobs.errors import PayloadTooLarge
from jobs.factory import Options, Submission
from models.errors import InvalidRequest
from pipelines.dialects import Dialect, dialect_of
from pipelines.errors import Detail, InvalidSample


@dataclass(frozen=True, slots=True)
class Entry:
    """A request of a batch.

    Attributes:
        line: its place in what was sent, from 1.
        custom_id: its caller's name for it; None if it has no proper one.
        asked: what it asks for, or what is wrong with it.
    """

    line: int
    custom_id: str | None
    asked: Submission | InvalidRequest


async def split_lines(parts: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes | None]:
    """The lines of a stream; None for one that is longer than `limit`, of which nothing is held."""
    held, too_long = bytearray(), False
    async for part in parts:
        for index, piece in enumerate(part.split(b"\n")):
            if index:
                yield None if too_long else bytes(held)
                held.clear()
                too_long = False
            too_long = too_long or len(held) + len(piece) > limit
            if too_long:
                held.clear()
            else:
                held += piece
    if held or too_long:
        yield None if too_long else bytes(held)


def line_entry(line: int, text: bytes | None, limit: int, defaults: Options) -> Entry:
    """The request of a line of JSON.

    Args:
        line: its number.
        text: None if it was too long.
        limit: of its length.
        defaults: what the deployment and the batch say of its options.
    """
    if text is None:
        return Entry(line, None, PayloadTooLarge(f"the line has more than the {limit} bytes allowed"))
    custom_id = None
    try:
        given = parse_sample(text)
        named = given.get("custom_id")
        custom_id = named if isinstance(named, str) and 0 < len(named) <= CUSTOM_ID_LENGTH else None
        asked = parse_options(BatchLine, given)
        submission = _submission(asked, defaults)
    except InvalidRequest as error:
        return Entry(line, custom_id, error)
    return Entry(line, custom_id, submission)


def archive_entries(
    body: bytes,
    services: Sequence[str],
    dialect: Dialect,
    options: Options,
    limits: LimitSettings,
    bounds: BatchSettings,
) -> Iterator[Entry]:
    """The requests of an archive: the same services for each image, which is known by its name.

    Raises:
        InvalidArchive: it is none that may be read.
        PayloadTooLarge: there is too much in it.
    """
    for member in read_archive(body, bounds, limits.image_bytes):
        yield Entry(member.place, member.name, _asked(member, services, dialect, options, limits))


def _submission(asked: BatchLine, defaults: Options) -> Submission:
    services = asked.asked()
    try:
        dialect = dialect_of(asked.sample)
    except InvalidSample as error:
        raise error.under("sample") from error
    if asked.reference is not None and (asked.include_image or asked.sample.get(dialect.image_key) is not None):
        message = "a reference stands instead of an image, and what it refers to is not echoed"
        raise InvalidSample([Detail(loc=["reference"], msg=message, type="ambiguous")])
    options = replace(defaults, on_error=asked.on_error, include_image=asked.include_image)
    return Submission(services, asked.sample, dialect, options, source=asked.reference, at=("sample",))


def _asked(
    member: Member, services: Sequence[str], dialect: Dialect, options: Options, limits: LimitSettings
) -> Submission | InvalidRequest:
    if member.image is None:
        return PayloadTooLarge(f"the image has more than the {limits.image_bytes} bytes allowed")
    return Submission(services, {}, dialect, options, member.image)
