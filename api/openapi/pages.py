"""The documents: one for the whole API, and one for each service, which has only the routes of the service.

The API serves the files of Swagger UI itself, so that the documents work in closed networks.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.access import PUBLIC
from api.openapi.document import Json, make_document, service_document
from api.openapi.schemas import Schemas

ASSETS = "/docs-assets"


def add_docs(
    app: FastAPI,
    services: Iterable[str],
    schemas: Schemas,
    tags: Mapping[str, str],
    root_path: str = "",
    *,
    pages: bool = True,
) -> None:
    """Add the document of all routes that the app has so far, and a document for each service.

    `app.openapi()` gives the document of all routes.

    Args:
        app: gets the documents, and its routes are documented.
        services: their names.
        schemas: of the services' samples.
        tags: what the tags of routes mean.
        root_path: under which a proxy offers the API.
        pages: whether the app serves the documents.

    Raises:
        DeclarationError: two schemas have one name.
    """
    whole = make_document(list(app.routes), schemas, app.version, tags, app.webhooks.routes, root_path)
    app.openapi = lambda: whole  # type: ignore[method-assign]  # as FastAPI documents it
    if not pages:
        return
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])
    _add_page(router, "", whole, root_path)
    for name in services:
        _add_page(router, f"/{name}", service_document(whole, name), root_path)
    app.include_router(router)


def _add_page(router: APIRouter, path: str, document: Json, root_path: str) -> None:
    async def openapi() -> Json:
        return document

    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=f"{root_path}{path}/openapi.json",
            title=document["info"]["title"],
            swagger_js_url=f"{root_path}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root_path}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root_path}{ASSETS}/favicon.png",
        )
        page.headers["Content-Security-Policy"] = page_policy(bytes(page.body).decode())
        return page

    router.add_api_route(f"{path}/openapi.json", openapi)
    router.add_api_route(f"{path}/docs", docs)


def page_policy(page: str) -> str:
    """The content security policy of a page of Swagger UI: of scripts, only our files and the one inside the page."""
    hashes = [
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(hashes)}",
            # Swagger UI sets styles on its elements, and has pictures inside its style sheet.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
