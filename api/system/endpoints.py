"""Whether the process lives, whether the deployment works, and what it is made of."""

import asyncio
from time import time

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.deps import FrontDep
from api.system.readiness import FamilyState
from jobs.redis.presence import ModelReport

router = APIRouter(tags=["deployment"])


class ReadyView(BaseModel):
    """Whether the deployment works, and how each family answered."""

    ready: bool
    families: dict[str, FamilyState]


class VersionView(BaseModel):
    """What the deployment is made of."""

    version: str
    services: list[str]
    workers: list[str]
    models: list[ModelReport]


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=ReadyView)
async def readyz(front: FrontDep) -> Response:
    """Each family has a worker, and each model that it holds has just run one inference: 200, else 503."""
    families = await front.readiness.states()
    ready = all(state.error is None for state in families.values())
    view = ReadyView(ready=ready, families=families)
    return JSONResponse(view.model_dump(exclude_none=True), 200 if ready else 503)


@router.get("/version", response_model=VersionView)
async def get_version(request: Request, front: FrontDep) -> VersionView:
    """The version, and the models that the live workers hold, with hash and licence."""
    workers = await asyncio.to_thread(front.presence.workers, time())
    models = {model.name: model for worker in workers for model in worker.models}
    return VersionView(
        version=request.app.version,
        services=list(front.catalogue),
        workers=[worker.name for worker in workers],
        models=[models[name] for name in sorted(models)],
    )
