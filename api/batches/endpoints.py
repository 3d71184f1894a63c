"""Batches: many samples in one request, watched, fetched, canceled and erased together."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic, time
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.batches.schemas import BatchLine, BatchList, BatchOptions, BatchView, ErrorRow, ResultRow, view_batch
from api.batches.submission import ARCHIVES, LINES, take_batch
from api.deps import FrontDep
from api.errors import BatchUnknown, JobFailed
from api.front import Front
from api.jobs.endpoints import CURSOR
from api.openapi.schemas import ERRORS, Schemas
from api.responses import SampleResponse
from jobs.batches import tables
from jobs.batches.batch import Batch
from jobs.batches.rows import Row, error_rows, result_rows
from jobs.batches.tables import JSONL, PARQUET, Table
from jobs.job import JobStatus, Place

RESULTS: Table = {
    "custom_id": "string",
    "line": "int64",
    "image_width": "int64",
    "image_height": "int64",
    "result": "string",
}
MISTAKES: Table = {
    "custom_id": "string",
    "line": "int64",
    "service": "string",
    "type": "string",
    "detail": "string",
    "shared": "bool_",
}
LOOK_EVERY_S = 0.25
"""How often a batch is looked at that is not over though none of its jobs is open: it comes in."""
STATUS_HEADER = "Faceline-Batch-Status"
"""How the batch stood when its rows were asked for: while it is not over, they are not all."""

Wait = Annotated[float, Query(ge=0, le=60, description="Wait so many seconds for the batch to end.")]
IdempotencyKey = Annotated[
    str | None, Header(max_length=255, description="The same key gives the same batch; of its body, the length counts.")
]
Accept = Annotated[str, Header(description=f"{JSONL}, or {PARQUET} where pyarrow is installed")]
GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such batch."},
    410: {"description": "The batch was erased, or nothing is left of it."},
}
STALLED: dict[int | str, dict[str, Any]] = {408: {"description": "The body did not come on."}}
COMING: dict[int | str, dict[str, Any]] = {
    409: {"description": "The batch of this `Idempotency-Key` is still coming in; come back soon."}
}
UNACCEPTABLE: dict[int | str, dict[str, Any]] = {
    406: {"description": "The caller accepts neither media type, or pyarrow is not installed."}
}
BINARY = {"type": "string", "format": "binary"}


def batch_router(schemas: Schemas) -> APIRouter:
    """The routes of batches."""
    router = APIRouter(prefix="/batches", tags=["batches"])
    line, binary = schemas.json(BatchLine)["content"]["application/json"], {"schema": BINARY}
    bodies = dict.fromkeys(LINES, line) | dict.fromkeys(ARCHIVES, binary)
    router.add_api_route(
        "",
        submit_batch,
        methods=["POST"],
        status_code=202,
        response_model=BatchView,
        responses={**ERRORS, **STALLED, **COMING},
        openapi_extra={"requestBody": {"required": True, "content": bodies}},
    )
    router.add_api_route("", list_batches, methods=["GET"], response_model=BatchList)
    router.add_api_route("/{batch_id}", get_batch, methods=["GET"], response_model=BatchView, responses=GONE)
    for path, endpoint, row in (("output", get_output, ResultRow), ("errors", get_errors, ErrorRow)):
        shape = schemas.json(row)["content"]["application/json"]
        answer = {"description": "Rows, as they are ready.", "content": {JSONL: shape, PARQUET: binary}}
        router.add_api_route(
            f"/{{batch_id}}/{path}",
            endpoint,
            methods=["GET"],
            response_class=StreamingResponse,
            responses={200: answer, **UNACCEPTABLE, **GONE},
        )
    router.add_api_route(
        "/{batch_id}/cancel", cancel_batch, methods=["POST"], status_code=202, response_model=BatchView, responses=GONE
    )
    router.add_api_route("/{batch_id}", erase_batch, methods=["DELETE"], status_code=204, responses=GONE)
    return router


async def submit_batch(
    request: Request,
    front: FrontDep,
    asked: Annotated[BatchOptions, Query()],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Queue many samples: the lines of a JSONL file, or the images of a zip or tar(.gz) with the query's services.

    The body is checked as it comes in, and its first samples may be done before its last are sent. What is wrong with
    one request is told at `/errors`, and the others go on; what is wrong with the body or an archive refuses all.
    Whoever got no answer sends the same again with the same key: the batch is made once.
    """
    batch_id = await take_batch(request, front, asked, idempotency_key)
    headers = {"Location": f"/batches/{batch_id}", "Retry-After": "1"}
    return _view(await _find(front, batch_id), status=202, headers=headers)


async def list_batches(
    front: FrontDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="`next` of the page before", pattern=CURSOR)] = None,
) -> BatchList:
    """The latest batches. A page may hold fewer than `limit` though there is a next one."""
    after = None
    if cursor is not None:
        created_at, _, batch_id = cursor.partition("_")
        after = Place(float(created_at), batch_id)

    def look() -> BatchList:
        listed, last = front.batches.store.recent(limit, after)
        found = [batch for batch_id in listed if (batch := front.batches.find(batch_id))]
        onward = f"{last.created_at!r}_{last.job_id}" if last else None
        return BatchList(batches=[view_batch(batch, time()) for batch in found], next=onward)

    return await asyncio.to_thread(look)


async def get_batch(front: FrontDep, batch_id: str, wait: Wait = 0) -> Response:
    """How a batch stands."""
    ends = monotonic() + wait
    followed = None
    with front.hub.watch() as watch:
        while True:
            watch.woken.clear()
            batch = await _find(front, batch_id)
            if batch.status(time()).over or monotonic() >= ends:
                return _view(batch)
            # The last one: it is likely to end last.
            last = next((part.job_id for part in reversed(batch.parts) if not part.status.over), None)
            if last is None:
                await asyncio.sleep(LOOK_EVERY_S)
            elif last != followed:
                # It may have ended since the look.
                watch.follow(followed := last)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(watch.woken.wait(), ends - monotonic())


async def get_output(front: FrontDep, batch_id: str, accept: Accept = "*/*") -> Response:
    """The results so far, in the order of the requests."""
    batch = await _find(front, batch_id)
    return _stream(batch, result_rows(batch, front.store), RESULTS, accept)


async def get_errors(front: FrontDep, batch_id: str, accept: Accept = "*/*") -> Response:
    """The requests that came to no result so far, and why, in their order."""
    batch = await _find(front, batch_id)
    return _stream(batch, error_rows(batch, front.store, front.batches.store), MISTAKES, accept)


async def cancel_batch(front: FrontDep, batch_id: str) -> Response:
    """End a batch: what is done stays, and can be fetched. One that is over stays as it is."""
    await _find(front, batch_id)
    await asyncio.to_thread(front.batches.cancel, batch_id)
    return _view(await _find(front, batch_id), status=202)


async def erase_batch(front: FrontDep, batch_id: str) -> Response:
    """End a batch and delete all that belongs to it: images, intermediates, results, errors."""
    batch = await _find(front, batch_id)
    await asyncio.to_thread(front.batches.erase, batch.spec, tombstone=True)
    return Response(status_code=204)


async def _find(front: Front, batch_id: str) -> Batch:
    batch = await asyncio.to_thread(front.batches.find, batch_id)
    if batch is None:
        raise BatchUnknown(f"there is no batch {batch_id}")
    if batch.erased:
        raise JobFailed("the batch is erased", "erased")
    return batch


def _stream(batch: Batch, rows: Iterator[Row], table: Table, accept: str) -> Response:
    if batch.gone(time()):
        raise JobFailed("the batch is expired", JobStatus.EXPIRED)
    kind = tables.chosen(accept)
    content = tables.parquet(rows, table) if kind == PARQUET else tables.lines(rows)
    return StreamingResponse(content, media_type=kind, headers={STATUS_HEADER: batch.status(time())})


def _view(batch: Batch, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return SampleResponse(view_batch(batch, time()), status, headers)
