"""Access in the documents: how callers send their keys, and what each route asks for."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute

from api.access import api_routes, needs_of
from api.openapi.responses import error_responses

SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, `fl_…`, in `Authorization`."},
    "key_header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key, `fl_…`."},
}


def add_security(document: dict[str, Any], routes: Sequence[BaseRoute]) -> None:
    """Add to a document the scope that each route needs, and the errors of callers who lack it.

    Args:
        document: of the routes.
        routes: each declares the scope that it needs.
    """
    document["components"]["securitySchemes"] = SCHEMES
    # An empty list says that no credentials are asked for.
    document["security"] = []
    for route in api_routes(routes):
        needs = needs_of(route)
        if needs is None or not route.include_in_schema:
            continue
        scopes = [] if needs.scope is None else [needs.scope.value]
        texts = {401: "The deployment asks for an API key, and the request has none that is valid."}
        if needs.scope is not None:
            texts[403] = f"The key lacks the scope `{needs.scope}`."
        for method in route.methods or ():
            operation = document["paths"][route.path_format or ""][method.lower()]
            operation["security"] = [{name: scopes} for name in SCHEMES]
            added = {str(status): response for status, response in error_responses(texts).items()}
            operation["responses"] = dict(sorted({**added, **operation["responses"]}.items()))
