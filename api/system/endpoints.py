"""Whether the process answers, whether the deployment works, and its version."""

import asyncio
from time import time
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic import Field as Key

from api.openapi.responses import OTHER
from api.parts import PartsDep
from api.system.readiness import FamilyState
from jobs.redis.presence import ModelReport

router = APIRouter(tags=["deployment"])


class ReadyView(BaseModel):
    """Whether the deployment works, and how each family answered."""

    ready: bool = Key(description="whether all families answered")
    families: dict[str, FamilyState] = Key(description="how each family answered")


class NotReadyView(ReadyView):
    """A deployment that does not work: an error, with the state of each family."""

    detail: str = Key(description="what is wrong, for people")
    type: Literal["not_ready"] = Key(description="the stable name of the error")


class HealthView(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class VersionView(BaseModel):
    """The version of the deployment, its services, its workers and their models."""

    version: str = Key(description="of Faceline")
    services: list[str] = Key(description="the names of the services")
    workers: list[str] = Key(description="the names of the live workers")
    models: list[ModelReport] = Key(description="that the live workers have loaded")


@router.get("/healthz", response_description="It answers.")
async def healthz() -> HealthView:
    """The process answers."""
    return HealthView()


@router.get(
    "/readyz",
    response_model=ReadyView,
    response_description="All families work.",
    responses={503: {"model": NotReadyView, "description": "A family has no worker that answers."}},
)
async def readyz(parts: PartsDep) -> Response:
    """200 if each family has a worker, and each model of it has just run one inference; otherwise 503."""
    families = await parts.readiness.states()
    failed = [f"{family}: {state.error}" for family, state in families.items() if state.error is not None]
    view = ReadyView(ready=not failed, families=families)
    if failed:
        view = NotReadyView(ready=False, families=families, detail="; ".join(failed), type="not_ready")
    return JSONResponse(view.model_dump(exclude_none=True), 503 if failed else 200)


@router.get("/version", response_model=VersionView, response_description="The versions.", responses=OTHER)
async def get_version(request: Request, parts: PartsDep) -> VersionView:
    """The version, and the models of the live workers, with hash and licence."""
    workers = await asyncio.to_thread(parts.presence.workers, time())
    models = {model.name: model for worker in workers for model in worker.models}
    return VersionView(
        version=request.app.version,
        services=list(parts.catalogue),
        workers=[worker.name for worker in workers],
        models=[models[name] for name in sorted(models)],
    )
