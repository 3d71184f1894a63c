"""The API. `python -P -m embedded.process api <host> <port>` starts it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute

import pipelines.tables.columns  # noqa: F401 - an output without columns of its own stops the process
from api.access import require_declared
from api.allowance import AllowanceHeaders
from api.audit import Audited
from api.batches.endpoints import batch_router
from api.bodies import Bodies
from api.browsers import Browsers
from api.console.endpoints import add_console
from api.console.modules import modules_folder
from api.early import EarlyRefusals
from api.errors import add_error_handlers
from api.faceapi.endpoints import faceapi_router
from api.jobs.endpoints import job_router
from api.measured import Measured
from api.methods import Methods
from api.openapi.pages import add_docs
from api.openapi.schemas import Schemas
from api.parts import running_parts
from api.root_path import RootPath
from api.services.endpoints import service_router, waited_services
from api.services.listing import router as listing_router
from api.system.endpoints import router as system_router
from api.system.trouble import router as trouble_router
from api.unread import UnreadBodies
from api.verify.endpoints import WAITED_VERIFICATION, verify_router
from api.webhooks.document import webhook_router
from config.logs import configure_logs
from config.settings import load_settings
from metrics.api import METRICS
from metrics.server import serve_metrics
from models.catalogue import services

TAGS = {
    "jobs": "Several services run on one sample; the result is kept for a while.",
    "batches": "Many samples in one request.",
    "verification": "Whether two photos show the same person, in one request.",
    "webhooks": "The messages that Faceline sends to the URLs that jobs and batches name, after Standard Webhooks.",
    "deployment": "The state of the deployment, and what it offers.",
    "faceapi": "The API of another vendor, for its clients. Its status is always 200; the body has an error code.",
}
"""What the tags of routes mean in the documents; each service has a tag besides."""


def create_app(*, keys_required: bool = False) -> FastAPI:
    """The app of a process, with the settings of its environment.

    Args:
        keys_required: callers need an API key also while the deployment has none.

    Raises:
        AccessUndeclared: a route does not declare who may use it.
        InvalidSetting: the environment has a setting that does not exist, or a value out of bounds.
    """
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format, "api")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_parts(settings, keys_required=keys_required) as app.state.parts:
            serve_metrics(METRICS, settings.metrics.host, settings.metrics.api_port)
            with app.state.parts.deployment.scraped():
                yield

    app = FastAPI(
        title="Faceline",
        version=version("faceline"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # It records paths, queries and texts of errors; see `api.traced` instead.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        generate_unique_id_function=_operation_id,
    )
    add_error_handlers(app)
    offered, most_bytes = services(settings.modules), settings.limits.with_another_image.body_bytes
    app.add_middleware(Methods, routes=app.routes)
    app.add_middleware(
        EarlyRefusals,
        routes=app.routes,
        waited={**waited_services(offered.values()), **WAITED_VERIFICATION},
        job_bytes=most_bytes,
    )
    app.add_middleware(AllowanceHeaders)
    app.add_middleware(Browsers, settings=settings.browsers, routes=app.routes)
    # Batches have bounds of their own: `FACELINE_BATCHES__…`.
    app.add_middleware(Bodies, limits=settings.limits, streams="/batches")
    app.add_middleware(Audited)
    app.add_middleware(UnreadBodies, max_bytes=settings.limits.discard_bytes, max_s=settings.limits.discard_s)
    if settings.server.root_path:
        app.add_middleware(RootPath, root_path=settings.server.root_path)
    app.add_middleware(Measured)
    schemas = Schemas()
    app.include_router(job_router(schemas))
    app.include_router(batch_router(schemas))
    app.include_router(verify_router(schemas))
    app.include_router(system_router)
    app.include_router(listing_router)
    app.include_router(trouble_router)
    app.include_router(faceapi_router(schemas))
    for service in offered.values():
        app.include_router(service_router(service, schemas))
    app.webhooks.include_router(webhook_router())
    tags = {**TAGS, **{name: service.summary() for name, service in offered.items()}}
    if settings.console:
        add_console(app, modules_folder(settings.weights_dir))
    add_docs(app, offered, schemas, tags, settings.server.root_path, pages=settings.access.docs)
    require_declared(app.routes)
    return app


def _operation_id(route: APIRoute) -> str:
    """The name of an operation in generated clients: that of its function."""
    return route.name
