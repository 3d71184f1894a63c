"""The API. `python -P -m embedded.process api <host> <port>` starts it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute

import pipelines.tables.columns  # noqa: F401 - an output without columns of its own stops the process
from api.batches.endpoints import batch_router
from api.errors import add_error_handlers
from api.faceapi.endpoints import faceapi_router
from api.jobs.endpoints import job_router
from api.methods import Methods
from api.openapi.pages import add_docs
from api.openapi.schemas import Schemas
from api.parts import running_parts
from api.services.endpoints import service_router
from api.services.listing import router as listing_router
from api.system.endpoints import router as system_router
from api.unread import UnreadBodies
from config.logs import configure_logs
from config.settings import load_settings
from models.catalogue import services

TAGS = {
    "jobs": "Several services run on one sample; the result is kept for a while.",
    "batches": "Many samples in one request.",
    "deployment": "The state of the deployment, and what it offers.",
    "faceapi": "The API of another vendor, for its clients. Its status is always 200; the body has an error code.",
}
"""What the tags of routes mean in the documents; each service has a tag besides."""


def create_app() -> FastAPI:
    """The app of a process, with the settings of its environment.

    Raises:
        InvalidSetting: the environment has a setting that does not exist, or a value out of bounds.
    """
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_parts(settings) as app.state.parts:
            yield

    app = FastAPI(
        title="Faceline",
        version=version("faceline"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_operation_id,
    )
    add_error_handlers(app)
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(UnreadBodies, max_bytes=settings.limits.discard_bytes, max_s=settings.limits.discard_s)
    schemas = Schemas()
    app.include_router(job_router(schemas))
    app.include_router(batch_router(schemas))
    app.include_router(system_router)
    app.include_router(listing_router)
    app.include_router(faceapi_router(schemas))
    offered = services(settings.modules)
    for service in offered.values():
        app.include_router(service_router(service, schemas))
    tags = {**TAGS, **{name: service.summary() for name, service in offered.items()}}
    add_docs(app, offered, schemas, tags)
    return app


def _operation_id(route: APIRoute) -> str:
    """The name of an operation in generated clients: that of its function."""
    return route.name
