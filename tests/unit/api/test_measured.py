"""The time of requests, by the template of their route."""

import asyncio

import httpx
from fastapi import FastAPI

from api.measured import Measured
from metrics.api import METRICS

app = FastAPI()
app.add_middleware(Measured)


@app.get("/measured/{name}")
async def measured(name: str) -> str:
    if name == "broken":
        raise KeyError(name)
    return name


def count(route: str, status: int, method: str = "GET") -> float:
    labels = {"route": route, "status": str(status), "method": method}
    return METRICS.registry.get_sample_value("faceline_http_request_seconds_count", labels) or 0.0


def ask(path: str, method: str = "GET") -> None:
    """Sends a request to the app."""

    async def send() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://faceline") as client:
            await client.request(method, path)

    asyncio.run(send())


def test_requests_are_measured_by_the_template_of_their_route() -> None:
    before = count("/measured/{name}", 200)
    for name in ("a", "b"):
        ask(f"/measured/{name}?secret=1")
    assert count("/measured/{name}", 200) == before + 2


def test_an_error_of_the_server_has_the_status_500() -> None:
    before = count("/measured/{name}", 500)
    ask("/measured/broken")
    assert count("/measured/{name}", 500) == before + 1


def test_paths_and_methods_of_callers_are_no_labels() -> None:
    before = count("none", 404)
    ask("/secret/path")
    assert count("none", 404) == before + 1
    before = count("/measured/{name}", 405, "none")
    ask("/measured/tea", "BREW")
    assert count("/measured/{name}", 405, "none") == before + 1
