"""The API: `uvicorn api.app:create_app --factory`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api.batches import batch_router
from api.docs import add_docs
from api.errors import add_error_handlers
from api.faceapi import faceapi_router
from api.front import Front
from api.health import router as health
from api.jobs import job_router
from api.offers import router as offers
from api.schemas import Schemas
from api.services import service_router
from models.catalogue import services
from pipelines.logs import configure_logs
from pipelines.settings import load_settings


def create_app() -> FastAPI:
    """The app of a process, on the settings of its environment.

    Raises:
        InvalidSetting: the environment holds a wrong one.
    """
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.front = Front(settings)
        yield
        await app.state.front.close()

    app = FastAPI(
        title="Faceline",
        version=version("faceline"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    add_error_handlers(app)
    schemas = Schemas()
    app.include_router(job_router(schemas))
    app.include_router(batch_router(schemas))
    app.include_router(health)
    app.include_router(offers)
    app.include_router(faceapi_router(schemas))
    routers = {name: service_router(service, schemas) for name, service in services(settings.modules).items()}
    for router in routers.values():
        app.include_router(router)
    add_docs(app, routers, schemas)
    return app
