"""Media types of batches: reads the head of `POST /batches`."""

from hashlib import sha256

from fastapi import Request

from access.caller import Caller
from api.batches.row_formats import LINES
from api.batches.schemas import BatchOptions
from api.errors import UnsupportedMedia
from api.parameters import in_query
from api.webhooks.schemas import BatchWebhook
from config.settings import Settings
from jobs.batches.requests import NewBatch
from jobs.idempotency import RequestKey, fingerprint_of
from jobs.job import Priority, RunOptions
from jobs.request_parsing import check_max_faces, checked_ttl
from pipelines.dialects import DIALECTS
from pipelines.errors import Detail, InvalidSample

ARCHIVES = ("application/zip", "application/x-tar", "application/gzip")


def new_batch(
    request: Request,
    options: BatchOptions,
    idempotency_key: str | None,
    settings: Settings,
    caller: Caller,
    webhook: str | None = None,
) -> NewBatch:
    """The batch of a request, without its body.

    Args:
        request: with the head of the body.
        options: of its query.
        idempotency_key: of its headers.
        settings: of the deployment.
        caller: of the request.
        webhook: of its headers, as JSON.

    Raises:
        UnsupportedMedia: the body is neither lines nor an archive.
        RequestValidationError: the options of the query are not valid, or not valid for this kind of body.
        InvalidSample: the webhook is not valid.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in LINES + ARCHIVES:
        raise UnsupportedMedia(f"this route takes {', '.join(LINES + ARCHIVES)}")
    is_archive = media_type in ARCHIVES
    with in_query():
        ttl_s = min(checked_ttl(options.ttl_s, settings.jobs), caller.max_ttl_s or settings.jobs.max_ttl_s)
        services = tuple(options.resolve_services()) if is_archive else ()
        if not is_archive and options.names_services:
            raise InvalidSample([Detail(loc=[], msg="each line names its own services and options", type="ambiguous")])
        check_max_faces(options.max_faces, settings.limits)
    # Bodies are compared once they are in: the key has to be bound before its body is read.
    head = (sorted(request.query_params.multi_items()), media_type, *filter(None, [webhook]))
    name = caller.owner or _caller(request, settings.batches.key_header)
    key = None
    if idempotency_key is not None:
        key = RequestKey(f"{name} {idempotency_key}", fingerprint_of(repr(head).encode()))
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
        caller=name,
        owner=caller.owner,
        key=key,
        webhook=None if webhook is None else BatchWebhook.parse(webhook, settings.limits),
    )


def _caller(request: Request, key_header: str | None) -> str:
    """A digest of what the caller identifies itself with; only the digest is kept."""
    return sha256(request.headers.get(key_header, "").encode()).hexdigest() if key_header else ""
