import asyncio
from collections.abc import Sequence

import httpx
from fastapi import FastAPI

from api.branches import Branch


def app() -> FastAPI:
    made = FastAPI()
    for name in ("fruit", "fruits"):
        branch = Branch(f"/{name}")
        branch.add_api_route(f"/{name}", lambda name=name: name)
        branch.add_api_route(f"/{name}/{{kind}}", lambda kind, name=name: f"{name} {kind}")
        made.include_router(branch)
    return made


def answers(paths: Sequence[str], method: str = "GET", root_path: str = "") -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app(), root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.request(method, path) for path in paths]

    return asyncio.run(ask())


def test_each_path_finds_the_route_of_its_branch() -> None:
    found = answers(["/fruit", "/fruit/apple", "/fruits", "/fruits/apple"])
    assert [answer.json() for answer in found] == ["fruit", "fruit apple", "fruits", "fruits apple"]


def test_a_path_without_a_branch_is_not_found_and_another_method_is_refused() -> None:
    assert [answer.status_code for answer in answers(["/nuts", "/"])] == [404, 404]
    assert [answer.status_code for answer in answers(["/fruit/apple"], "POST")] == [405]


def test_a_branch_is_found_behind_a_root_path() -> None:
    assert answers(["/api/fruit/apple"], root_path="/api")[0].json() == "fruit apple"
