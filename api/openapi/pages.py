"""The documents: one for the whole API, and one for each service, which has only the routes of the service.

The API serves the files of Swagger UI itself, so that the documents work in closed networks.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from api.openapi.schemas import Schemas, add_schemas

ASSETS = "/docs-assets"


def add_docs(app: FastAPI, services: Mapping[str, APIRouter], schemas: Schemas) -> None:
    """Add the document of all routes that the app has so far, and a document for each service.

    Args:
        app: gets the documents, and its routes are documented.
        services: the routes of each service, by its name.
        schemas: of the services' samples.
    """
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    pages = APIRouter(include_in_schema=False)
    _add_page(pages, "", app, list(app.routes), schemas, "Faceline")
    for name, router in services.items():
        _add_page(pages, f"/{name}", app, router.routes, schemas, f"Faceline: {name}")
    app.include_router(pages)


def _add_page(
    router: APIRouter, path: str, app: FastAPI, routes: Sequence[BaseRoute], schemas: Schemas, title: str
) -> None:
    document = get_openapi(title=title, version=app.version, routes=routes)
    components = document.setdefault("components", {})
    own = components.get("schemas", {})
    components["schemas"] = dict(schemas.components)
    add_schemas(components["schemas"], own)

    async def openapi() -> dict[str, Any]:
        return document

    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=f"{path}/openapi.json",
            title=title,
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        )

    router.add_api_route(f"{path}/openapi.json", openapi)
    router.add_api_route(f"{path}/docs", docs)
