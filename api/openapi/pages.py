"""The documents: one for the whole API, and one for each service, which has only the routes of the service.

The API serves the files of Swagger UI itself, so that the documents work in closed networks.
"""

from collections.abc import Iterable, Mapping
from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.openapi.document import Json, make_document, service_document
from api.openapi.schemas import Schemas

ASSETS = "/docs-assets"


def add_docs(app: FastAPI, services: Iterable[str], schemas: Schemas, tags: Mapping[str, str]) -> None:
    """Add the document of all routes that the app has so far, and a document for each service.

    `app.openapi()` gives the document of all routes.

    Args:
        app: gets the documents, and its routes are documented.
        services: their names.
        schemas: of the services' samples.
        tags: what the tags of routes mean.

    Raises:
        DeclarationError: two schemas have one name.
    """
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    pages = APIRouter(include_in_schema=False)
    whole = make_document(list(app.routes), schemas, app.version, tags)
    app.openapi = lambda: whole  # type: ignore[method-assign]  # as FastAPI documents it
    _add_page(pages, "", whole)
    for name in services:
        _add_page(pages, f"/{name}", service_document(whole, name))
    app.include_router(pages)


def _add_page(router: APIRouter, path: str, document: Json) -> None:
    async def openapi() -> Json:
        return document

    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=f"{path}/openapi.json",
            title=document["info"]["title"],
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        )

    router.add_api_route(f"{path}/openapi.json", openapi)
    router.add_api_route(f"{path}/docs", docs)
