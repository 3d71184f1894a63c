"""Whether the process answers, whether the deployment works, and its version."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from pydantic import Field as Key

from api.access import PUBLIC, Administrator, KeyHolder
from api.openapi.responses import OTHER
from api.parts import PartsDep
from api.system.readiness import FamilyState
from jobs.errors import StorageError
from jobs.redis.presence import ModelReport
from metrics.api import METRICS

router = APIRouter(tags=["deployment"])


class ReadyView(BaseModel):
    """Whether the deployment works, and how each family answered."""

    ready: bool = Key(description="whether all families answered, and this process is not under pressure")
    families: dict[str, FamilyState] = Key(description="how each family answered")
    failing: list[str] = Key(
        default=[], description="the processes of `faceline up` that died more than once and are started again"
    )


class NotReadyView(ReadyView):
    """A deployment that does not work: an error, with the state of each family."""

    detail: str = Key(description="what is wrong, for people")
    pressure: str | None = Key(None, description="why this process should get no more requests for now")
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


@router.get("/healthz", dependencies=[PUBLIC], response_description="It answers.")
async def healthz() -> HealthView:
    """The process answers."""
    return HealthView()


@router.get(
    "/readyz",
    dependencies=[PUBLIC],
    response_model=ReadyView,
    response_description="All families work.",
    responses={
        503: {
            "model": NotReadyView,
            "description": "A family has no worker that answers, or this process is under pressure.",
        }
    },
)
async def readyz(parts: PartsDep) -> Response:
    """200 if each family has a live worker, and each model of it has run one inference in the last 30 s; otherwise 503.

    Also 503 while this process is under pressure: as many synchronous callers wait as may, or it answers late.
    """
    if pressure := parts.pressure.reason():
        families = parts.readiness.last_states
        drowning = NotReadyView(ready=False, families=families, detail=pressure, pressure=pressure, type="not_ready")
        return JSONResponse(drowning.model_dump(exclude_none=True), 503)
    families = await parts.readiness.states()
    failed = [f"{family}: {state.error}" for family, state in families.items() if state.error is not None]
    try:
        failing = await asyncio.to_thread(parts.failing.read)
    except StorageError:
        failing = []  # the families say so
    view = ReadyView(ready=not failed, families=families, failing=failing)
    if failed:
        detail = "; ".join([*failing, *failed])
        view = NotReadyView(ready=False, families=families, failing=failing, detail=detail, type="not_ready")
    return JSONResponse(view.model_dump(exclude_none=True), 503 if failed else 200)


@router.get("/version", response_model=VersionView, response_description="The versions.", responses=OTHER)
async def get_version(request: Request, parts: PartsDep, _: KeyHolder) -> VersionView:
    """The version, and the models of the live workers, with hash and licence."""
    workers = await asyncio.to_thread(parts.presence.workers)
    models = {model.name: model for worker in workers for model in worker.models}
    return VersionView(
        version=request.app.version,
        services=list(parts.catalogue),
        workers=[worker.name for worker in workers],
        models=[models[name] for name in sorted(models)],
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The metrics."},
        **OTHER,
    },
)
async def get_metrics(_: Administrator) -> Response:
    """What this process measures, and the state of the queues, the workers and the store, for Prometheus."""
    # In a thread, since the store and the broker are read.
    return Response(await asyncio.to_thread(generate_latest, METRICS.registry), media_type=CONTENT_TYPE_LATEST)
