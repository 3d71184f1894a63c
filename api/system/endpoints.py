"""Whether the process answers, whether the deployment works, and its version."""

import asyncio
from time import time

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.state import StateDep
from api.system.readiness import FamilyState
from jobs.redis.presence import ModelReport

router = APIRouter(tags=["deployment"])


class ReadyView(BaseModel):
    """Whether the deployment works, and how each family answered."""

    ready: bool
    families: dict[str, FamilyState]


class VersionView(BaseModel):
    """The version of the deployment, its services, its workers and their models."""

    version: str
    services: list[str]
    workers: list[str]
    models: list[ModelReport]


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=ReadyView)
async def readyz(state: StateDep) -> Response:
    """200 if each family has a worker, and each model of it has just run one inference; otherwise 503."""
    families = await state.readiness.states()
    ready = all(state.error is None for state in families.values())
    view = ReadyView(ready=ready, families=families)
    return JSONResponse(view.model_dump(exclude_none=True), 200 if ready else 503)


@router.get("/version", response_model=VersionView)
async def get_version(request: Request, state: StateDep) -> VersionView:
    """The version, and the models of the live workers, with hash and licence."""
    workers = await asyncio.to_thread(state.presence.workers, time())
    models = {model.name: model for worker in workers for model in worker.models}
    return VersionView(
        version=request.app.version,
        services=list(state.catalogue),
        workers=[worker.name for worker in workers],
        models=[models[name] for name in sorted(models)],
    )
