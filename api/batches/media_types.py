"""Media types of batches: reads the head of `POST /batches`, and chooses the format of its rows."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.util import find_spec

from fastapi import Request
from pydantic_core import to_json

from api.batches.schemas import BatchOptions
from api.errors import NotAcceptable, UnsupportedMedia
from config.settings import Settings
from jobs.batches.batch import Batch
from jobs.batches.requests import NewBatch
from jobs.batches.rows import BatchRow
from jobs.batches.service import BatchService
from jobs.idempotency import RequestKey, fingerprint_of
from jobs.job import Priority, RunOptions
from jobs.request_parsing import checked_ttl
from pipelines.dialects import DIALECTS
from pipelines.errors import Detail, InvalidSample

JSONL = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
LINES = (JSONL, "application/jsonl")
ARCHIVES = ("application/zip", "application/x-tar", "application/gzip")


def new_batch(request: Request, options: BatchOptions, idempotency_key: str | None, settings: Settings) -> NewBatch:
    """The batch of a request, without its body.

    Raises:
        UnsupportedMedia: the body is neither lines nor an archive.
        InvalidSample: the options are not valid for this kind of body.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in LINES + ARCHIVES:
        raise UnsupportedMedia(f"this route takes {', '.join(LINES + ARCHIVES)}")
    is_archive = media_type in ARCHIVES
    ttl_s = checked_ttl(options.ttl_s, settings.jobs)
    services = tuple(options.resolve_services()) if is_archive else ()
    if not is_archive and options.names_services:
        raise InvalidSample([Detail(loc=[], msg="each line names its own services and options", type="ambiguous")])
    # Bodies are compared once they are in: the key has to be bound before its body is read.
    head = (sorted(request.query_params.multi_items()), media_type)
    caller = _caller(request, settings.batches.key_header)
    key = None
    if idempotency_key is not None:
        key = RequestKey(f"{caller} {idempotency_key}", fingerprint_of(repr(head).encode()))
    return NewBatch(
        body_kind="archive" if is_archive else "lines",
        options=RunOptions(
            ttl_s,
            "number",
            options.on_error,
            options.include_image,
            priority=Priority.BULK,
            max_faces=options.max_faces,
        ),
        services=services,
        dialect=DIALECTS[options.dialect],
        caller=caller,
        key=key,
    )


def choose_media_type(accept: str) -> str:
    """The media type of the rows.

    Args:
        accept: the header of that name.

    Raises:
        NotAcceptable: the caller accepts neither type, or pyarrow is not installed.
    """
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in named:
        if name == PARQUET:
            if find_spec("pyarrow") is None:
                raise NotAcceptable(f"Parquet needs pyarrow, which this deployment does not have: ask for {JSONL}")
            return PARQUET
        if name in (*LINES, "application/json", "application/*", "*/*", ""):
            return JSONL
    raise NotAcceptable(f"this route gives {JSONL} or {PARQUET}")


def write_output(batches: BatchService, batch: Batch, media_type: str) -> Iterator[bytes]:
    """The results of a batch so far as a file of a media type."""
    if media_type == PARQUET:
        # pyarrow may be missing. The first piece is written in a thread, so the import does not block the event loop.
        from jobs.batches.parquet import write_results

        yield from write_results(batch, batches.results(batch))
    else:
        yield from write_jsonl(batches.result_rows(batch))


def write_errors(batches: BatchService, batch: Batch, media_type: str) -> Iterator[bytes]:
    """The errors of a batch so far as a file of a media type."""
    if media_type == PARQUET:
        from jobs.batches.parquet import write_error_rows

        yield from write_error_rows(batches.error_rows(batch))
    else:
        yield from write_jsonl(batches.error_rows(batch))


def write_jsonl(rows: Iterable[BatchRow]) -> Iterator[bytes]:
    """Each row as a line of JSON."""
    for row in rows:
        yield to_json(row) + b"\n"


def _caller(request: Request, key_header: str | None) -> str:
    """A digest of what the caller identifies itself with; only the digest is kept."""
    return sha256(request.headers.get(key_header, "").encode()).hexdigest() if key_header else ""
