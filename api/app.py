"""The API: `uvicorn api.app:create_app --factory`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api.docs import add_docs
from api.errors import add_error_handlers
from api.front import Front
from api.health import router as health
from api.jobs import router as jobs
from api.schemas import Schemas
from api.services import service_router
from models.catalogue import services
from pipelines.logs import configure_logs
from pipelines.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app on some settings; on those of the environment if none are given."""
    chosen = settings or load_settings()
    configure_logs(chosen.log_level, chosen.log_format)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.front = Front(chosen)
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
    app.include_router(jobs)
    app.include_router(health)
    routers = {name: service_router(service, schemas) for name, service in services().items()}
    for router in routers.values():
        app.include_router(router)
    add_docs(app, routers, schemas)
    return app
