"""From the body of a request to a batch whose jobs are sent."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO

from fastapi import Request
from starlette.concurrency import iterate_in_threadpool

from api.batches.schemas import BatchOptions
from api.errors import UnsupportedMedia
from api.front import Front
from api.jobs.schemas import checked_ttl
from api.uploads import counted
from jobs.batches.entries import Entry, archive_entries, line_entry, split_lines
from jobs.batches.intake import BatchIntake, require_room
from jobs.batches.tables import JSONL
from jobs.factory import Options
from jobs.job import Priority
from pipelines.dialects import DIALECTS
from pipelines.errors import Detail, InvalidSample
from pipelines.plan import check_services

LINES = (JSONL, "application/jsonl")
ARCHIVES = ("application/zip", "application/x-tar", "application/gzip")


async def take_batch(request: Request, front: Front, asked: BatchOptions, idempotency_key: str | None) -> str:
    """Take a batch in, and send its jobs as its body comes, unless its caller sent it before.

    Returns:
        Its id, or that of the earlier one; the body of a repeated request is not read.

    Raises:
        UnsupportedMedia: the body is neither lines nor an archive.
        InvalidSample: the options make no sense with it.
        Overloaded: there is no room for it.
        IdempotencyConflict: the caller's key stands for another request.
        StillComingIn: the caller's key stands for a batch that is not all there yet.
        FacelineError: as `BatchIntake.take` does.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in LINES + ARCHIVES:
        raise UnsupportedMedia(f"this route takes {', '.join(LINES + ARCHIVES)}")
    ttl_s = checked_ttl(asked.ttl_s, front.settings.jobs)
    options = Options(ttl_s, front.age_format("number"), asked.on_error, asked.include_image, priority=Priority.BULK)
    if kind in ARCHIVES:
        check_services(asked.asked(), front.catalogue)
    elif asked.names_services:
        raise InvalidSample([Detail(loc=[], msg="each line names its own services and options", type="ambiguous")])
    await require_room(front)
    caller = _caller(request, front)
    claim = None if idempotency_key is None else f"{caller} {idempotency_key}"
    spec, batch_id = await asyncio.to_thread(front.batches.open, ttl_s, caller, claim, _fingerprint(request, kind))
    if batch_id != spec.id:
        return batch_id
    intake = BatchIntake(front, spec)
    body = intake.watched(counted(request, front.settings.batches.body_bytes))
    await intake.take(_of_archive(body, front, asked, options) if kind in ARCHIVES else _of_lines(body, front, options))
    return spec.id


def _caller(request: Request, front: Front) -> str:
    """Tells callers apart without keeping what they identify themselves with."""
    header = front.settings.batches.key_header
    return sha256(request.headers.get(header, "").encode()).hexdigest() if header else ""


def _fingerprint(request: Request, kind: str) -> str:
    """Tells requests apart by what is known before their bodies are read."""
    head = (sorted(request.query_params.multi_items()), kind, request.headers.get("content-length"))
    return sha256(repr(head).encode()).hexdigest()


async def _of_lines(body: AsyncIterator[bytes], front: Front, options: Options) -> AsyncIterator[Entry]:
    limits = front.settings.limits
    longest = (limits.image_bytes + 2) // 3 * 4 + limits.sample_bytes
    number = 0
    async for line in split_lines(body, longest):
        number += 1
        if line is None or line.strip():
            yield await asyncio.to_thread(line_entry, number, line, longest, options)


async def _of_archive(
    body: AsyncIterator[bytes], front: Front, asked: BatchOptions, options: Options
) -> AsyncIterator[Entry]:
    held = BytesIO()
    async for part in body:
        held.write(part)
    settings, dialect = front.settings, DIALECTS[asked.dialect]
    entries = archive_entries(held.getvalue(), asked.asked(), dialect, options, settings.limits, settings.batches)
    async for entry in iterate_in_threadpool(entries):
        yield entry
