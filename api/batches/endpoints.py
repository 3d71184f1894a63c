"""The routes of batches: submit many samples in one request, watch, fetch, cancel and erase them together."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.access import BatchSubmitter, Eraser, Reader
from api.batches.media_types import ARCHIVES, new_batch
from api.batches.row_formats import CSV, JSONL, LINES, PARQUET, choose_media_type, write_errors, write_output
from api.batches.schemas import BatchList, BatchOptions, BatchView, ErrorRow, ResultRow, view_batch
from api.branches import Branch
from api.openapi.example_files import sample_with_photo
from api.openapi.responses import ACCEPTED, INVALID, OTHER, PROCESSING, Responses, error_responses
from api.openapi.schemas import BINARY, Schemas
from api.parameters import CursorText, Limit, cursor_of
from api.parts import ApiParts, PartsDep
from api.responses import SampleResponse, accepted
from api.uploads import counted
from api.webhooks.schemas import BATCH_HEADER, BatchWebhook
from jobs.batches.batch import Batch
from jobs.batches.requests import BatchLine
from jobs.batches.service import BatchService
from jobs.errors import JobFailed
from jobs.job import JobStatus
from pipelines.dialects import DIALECTS

STATUS_HEADER = "Faceline-Batch-Status"
"""The status of the batch when its rows were asked for: while it is not over, the rows are not all."""

# Its events are a component of the document: a reference from here to definitions of its own would lead nowhere.
_WEBHOOK = BatchWebhook.model_json_schema(ref_template="#/components/schemas/{model}")
_WEBHOOK_SCHEMA = {key: part for key, part in _WEBHOOK.items() if key != "$defs"}

Wait = Annotated[float, Query(ge=0, le=60, description="Wait so many seconds for the batch to end.")]
IdempotencyKey = Annotated[
    str | None, Header(max_length=255, description="The same key with the same query and body gives the same batch.")
]
WebhookHeader = Annotated[
    str | None,
    Header(
        alias=BATCH_HEADER,
        max_length=4096,
        description='The webhook of the batch as JSON: `{"url": …, "events": […]}`.',
        json_schema_extra={"contentMediaType": "application/json", "contentSchema": _WEBHOOK_SCHEMA},
    ),
]
BatchId = Annotated[str, Path(description="the `id` of a batch")]
# Documents have the media types with the response: OpenAPI ignores a parameter of this name.
Accept = Annotated[str, Header(include_in_schema=False)]
GONE = error_responses(
    {
        404: "There is no such batch.",
        409: "The store's record of the batch cannot be read.",
        410: "The batch was erased, or all its results and errors are deleted.",
    }
)
SUBMITTED: Responses = {
    202: ACCEPTED,
    **PROCESSING,
    **error_responses(
        {
            408: "The body stopped coming.",
            409: "The batch of this `Idempotency-Key` is still coming in; come back soon.",
            413: "The body has too many bytes.",
        }
    ),
}
UNACCEPTABLE = error_responses({406: "The caller accepts none of the media types, or pyarrow is not installed."})
STATUS_SCHEMA = {"description": "the status of the batch", "schema": {"type": "string"}}
OUTPUT_TABLE = (
    "The table of `faceline bulk`: a row for each object, and one for a sample without objects. `image` is the "
    "`custom_id`. Then come `image_width`, `image_height`, `failures`, `object` and `class`, the columns of all fields "
    "that the services of the batch give, and `line`. A field that the services of a request do not give is null. "
    "The caller's own keys, echoed images and the `verification` of a sample are in JSONL only."
)
ERRORS_TABLE = "A row for each request that failed. The columns are the keys of JSONL; `detail` is JSON unless a text."


def batch_router(schemas: Schemas) -> APIRouter:
    """The routes of batches."""
    router = Branch("/batches", prefix="/batches", tags=["batches"], responses={**OTHER, **INVALID})
    sample = sample_with_photo(DIALECTS["v2"])
    lines = [{"custom_id": name, "preset": "face-analysis", "sample": sample} for name in ("first", "second")]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    binary = {"schema": BINARY}
    bodies = {**schemas.lines(BatchLine, LINES, text)["content"], **dict.fromkeys(ARCHIVES, binary)}
    router.add_api_route(
        "",
        submit_batch,
        methods=["POST"],
        status_code=202,
        response_model=BatchView,
        responses=SUBMITTED,
        openapi_extra={"requestBody": {"required": True, "content": bodies}},
    )
    router.add_api_route(
        "", list_batches, methods=["GET"], response_model=BatchList, response_description="The batches."
    )
    router.add_api_route(
        "/{batch_id}",
        get_batch,
        methods=["GET"],
        response_model=BatchView,
        response_description="The batch.",
        responses=GONE,
    )
    for path, endpoint, row, table in (
        ("output", get_output, ResultRow, OUTPUT_TABLE),
        ("errors", get_errors, ErrorRow, ERRORS_TABLE),
    ):
        parquet = {"schema": {**BINARY, "description": table}}
        csv_text = {"schema": {"type": "string", "description": f"{table} Null is an empty cell; bytes are base64."}}
        answer = {
            "description": f"Rows, as they are ready. {PARQUET} needs pyarrow in the deployment.",
            "headers": {STATUS_HEADER: STATUS_SCHEMA},
            "content": {**schemas.lines(row, [JSONL])["content"], CSV: csv_text, PARQUET: parquet},
        }
        router.add_api_route(
            f"/{{batch_id}}/{path}",
            endpoint,
            methods=["GET"],
            response_class=StreamingResponse,
            responses={200: answer, **UNACCEPTABLE, **GONE},
        )
    router.add_api_route(
        "/{batch_id}/cancel",
        cancel_batch,
        methods=["POST"],
        status_code=202,
        response_model=BatchView,
        response_description="The batch ends.",
        responses=GONE,
    )
    router.add_api_route(
        "/{batch_id}",
        erase_batch,
        methods=["DELETE"],
        status_code=204,
        response_description="The batch is erased.",
        responses=GONE,
    )
    return router


async def submit_batch(
    request: Request,
    parts: PartsDep,
    caller: BatchSubmitter,
    options: Annotated[BatchOptions, Query()],
    idempotency_key: IdempotencyKey = None,
    webhook: WebhookHeader = None,
) -> Response:
    """Queue many samples: the lines of a JSONL file, or the images of a zip or tar(.gz) with the query's services.

    The body is checked as it comes in, and its first samples may be done before its last are sent. A request with an
    error is at `/errors`, and the other requests continue. An error of the body or of an archive refuses all requests.
    A caller that got no answer sends the same again with the same key: the batch is made once.
    """
    new = new_batch(request, options, idempotency_key, parts.settings, caller, webhook)
    batch = await parts.async_batches.receive(new, counted(request, parts.settings.batches.body_bytes))
    return accepted(await _view(parts, batch), f"/batches/{batch.spec.id}")


async def list_batches(parts: PartsDep, caller: Reader, limit: Limit = 20, cursor: CursorText = None) -> BatchList:
    """The latest batches. A page may have fewer than `limit` batches though there is a next page."""
    batches, last = await asyncio.to_thread(parts.batches.seen_by(caller.viewer).recent, limit, cursor_of(cursor))
    now = await asyncio.to_thread(parts.batches.now)
    return BatchList(batches=[view_batch(batch, now) for batch in batches], next=str(last) if last else None)


async def get_batch(parts: PartsDep, caller: Reader, batch_id: BatchId, wait: Wait = 0) -> Response:
    """A batch: its status, and how many requests have each outcome."""
    return SampleResponse(await _view(parts, await parts.async_batches.wait(batch_id, wait, caller.viewer)))


async def get_output(parts: PartsDep, caller: Reader, batch_id: BatchId, accept: Accept = "*/*") -> Response:
    """The results so far, in the order of the requests."""
    return await _stream(parts.batches.seen_by(caller.viewer), batch_id, accept, write_output)


async def get_errors(parts: PartsDep, caller: Reader, batch_id: BatchId, accept: Accept = "*/*") -> Response:
    """The requests that failed so far, and why, in their order."""
    return await _stream(parts.batches.seen_by(caller.viewer), batch_id, accept, write_errors)


async def cancel_batch(parts: PartsDep, caller: BatchSubmitter, batch_id: BatchId) -> Response:
    """End a batch. Results that are there stay, and can be fetched. A batch that is over does not change."""
    batch = await asyncio.to_thread(parts.batches.seen_by(caller.viewer).cancel, batch_id)
    return SampleResponse(await _view(parts, batch), 202)


async def erase_batch(parts: PartsDep, caller: Eraser, batch_id: BatchId) -> Response:
    """End a batch and delete all that belongs to it: images, intermediate results, results, errors."""
    await asyncio.to_thread(parts.batches.seen_by(caller.viewer).erase, batch_id)
    return Response(status_code=204)


async def _view(parts: ApiParts, batch: Batch) -> BatchView:
    # In a thread, since the clock of the store is measured from time to time.
    return view_batch(batch, await asyncio.to_thread(parts.batches.now))


async def _stream(
    batches: BatchService, batch_id: str, accept: str, write: Callable[[BatchService, Batch, str], Iterator[bytes]]
) -> Response:
    batch = await asyncio.to_thread(batches.find, batch_id)
    now = await asyncio.to_thread(batches.now)
    if batch.results_deleted(now):
        raise JobFailed.because(JobStatus.EXPIRED, "batch")
    media_type = choose_media_type(accept)
    content = write(batches, batch, media_type)
    return StreamingResponse(content, media_type=media_type, headers={STATUS_HEADER: batch.status(now)})
