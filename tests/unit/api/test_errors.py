import asyncio
from collections.abc import Iterator
from typing import Annotated, Literal

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Query
from pydantic import AfterValidator

from api.errors import STATUS, add_error_handlers, error_response
from jobs.errors import JobFailed, Overloaded
from jobs.job import Priority
from models.catalogue import all_services
from models.errors import InvalidRequest
from pipelines.errors import NotTwoObjects


def refusals(kind: type[InvalidRequest] = InvalidRequest) -> Iterator[type[InvalidRequest]]:
    """All errors that are the caller's, wherever they are declared."""
    yield kind
    for child in kind.__subclasses__():
        yield from refusals(child)


def test_no_mistake_of_a_caller_is_an_internal_error() -> None:
    assert all_services(), "the services declare errors of their own"
    assert {kind.type for kind in refusals()} <= set(STATUS)


def test_a_way_out_of_a_refusal_is_in_its_headers() -> None:
    busy = error_response(Overloaded("busy"))
    assert (busy.status_code, busy.headers["retry-after"]) in ((429, "2"), (429, "3"))


@pytest.mark.parametrize(("estimate_s", "shortest", "longest"), [(0.1, 1, 3), (40, 40, 60), (9000, 300, 450)])
def test_the_time_to_wait_is_an_estimate_that_differs_between_callers(
    estimate_s: float, shortest: int, longest: int
) -> None:
    seconds = {int(error_response(Overloaded("busy", estimate_s)).headers["retry-after"]) for _ in range(200)}
    assert len(seconds) > 1
    assert shortest <= min(seconds) <= max(seconds) <= longest


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Overloaded("busy"), 429, {"detail": "busy", "type": "overloaded"}),
        (NotTwoObjects("one object"), 422, {"detail": "one object", "type": "not_two_objects"}),
        (JobFailed("no memory", "out_of_memory"), 500, {"detail": "no memory", "type": "out_of_memory"}),
        (HTTPException(404), 404, {"detail": "Not Found", "type": "not_found"}),
        (HTTPException(418, "no coffee"), 418, {"detail": "no coffee", "type": "http_error"}),
        (ZeroDivisionError("secret"), 500, {"detail": "internal error", "type": "internal"}),
    ],
)
def test_every_error_has_a_detail_and_a_stable_type(error: Exception, status: int, body: dict[str, str]) -> None:
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://faceline") as client:
            return await client.get("/")

    response = asyncio.run(get())
    assert (response.status_code, response.json()) == (status, body)


def test_errors_of_parameters_have_no_words_of_python() -> None:
    app = FastAPI()
    add_error_handlers(app)

    def refuse(_: int) -> int:
        raise ValueError("there is no such number")

    @app.get("/")
    async def read(
        number: Annotated[int, AfterValidator(refuse), Query()] = 0,
        priority: Annotated[Literal[Priority.HIGH, Priority.BULK], Query()] = Priority.HIGH,
    ) -> None: ...

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://faceline") as client:
            return await client.get("/", params={"number": 1, "priority": "x"})

    number, priority = asyncio.run(get()).json()["detail"]
    assert (number["loc"], number["msg"]) == (["query", "number"], "there is no such number")
    assert (priority["loc"], priority["msg"]) == (["query", "priority"], "Input should be 'high' or 'bulk'")
