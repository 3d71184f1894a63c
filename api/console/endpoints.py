"""`GET /`, and the files of its page."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route, Router

from api.access import PUBLIC
from api.console.page import ConsolePage, load_page

_FOR_EVER = "public, max-age=31536000, immutable"
_PERMISSIONS = {"Permissions-Policy": "camera=(self), microphone=(), geolocation=()"}

CurrentPage = Callable[[], ConsolePage | None]
"""Gives the page; None while its modules are missing."""


def add_console(app: FastAPI, modules: Path) -> None:
    """Add the console to an app.

    Its files are public, as is the page: what they show comes from routes that ask for a key.

    Args:
        app: gets the routes.
        modules: the folder of the modules of others. While they are missing, `GET /` says what to run.
    """
    loaded: list[ConsolePage] = []

    def current() -> ConsolePage | None:
        if not loaded and (page := load_page(modules)):
            loaded.append(page)
        return loaded[0] if loaded else None

    # Not asynchronous, so that each runs in a thread: until the modules are there, they look for them on the disk.
    app.include_router(_page_router(current))
    app.mount("/console", Router([Route("/{version}/{path:path}", _file_endpoint(current))]), name="console")


def _page_router(current: CurrentPage) -> APIRouter:
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

    @router.get("/")
    def get_page(request: Request) -> Response:
        page = current()
        if page is None:
            return HTMLResponse((files("api.console") / "plain.html").read_text())
        headers = {"Content-Security-Policy": page.policy, "Cache-Control": "no-cache", "ETag": f'"{page.version}"'}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(page.html, headers=headers | _PERMISSIONS)

    return router


def _file_endpoint(current: CurrentPage) -> Callable[[Request], Response]:
    def get_file(request: Request) -> Response:
        page, path = current(), request.path_params["path"]
        file = page.files.get(path) if page is not None and page.version == request.path_params["version"] else None
        if file is None:
            raise HTTPException(404, "Not Found")
        headers: Mapping[str, str] = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        compressed = file.compressed
        if compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(compressed, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"})
        return Response(file.content, media_type=file.media_type, headers=headers)

    return get_file
