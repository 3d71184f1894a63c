"""Makes OpenAPI documents: of routes, with the schemas that they use and with what holds for the whole API."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api.openapi.schemas import Schemas, add_schemas
from api.openapi.security import SCHEMES, add_security

Json = dict[str, Any]

_SCHEMA = "#/components/schemas/"

DESCRIPTION = """\
Finds and describes faces and bodies in images. A sample goes in: JSON with an image and the objects in it. It comes out
enriched with what the services found.

Every service has routes of its own, which answer at once. Jobs run several services on a sample, batches on many
samples. Samples are written in one of two dialects, v1 and v2; the routes without a version speak v1.

**Access**: a deployment that has API keys asks for one, in `Authorization: Bearer` or in `X-API-Key`; each route says
which scope the key needs. Jobs and batches of another key's name do not exist for a caller. A deployment on one
machine that has no keys asks for none. The routes under `/faceapi` take the key as `api_key` in the body.

**Limits**: a key, and the deployment, may have limits on photos. Answers to requests that process photos then have the
headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), and requests above a limit get
429 with `Retry-After`.

**Errors** are `{"detail": …, "type": …}`. `type` is a stable name, `detail` is for people. The routes under `/faceapi`
answer errors in a form of their own, with status 200.

**Examples** can be sent unchanged. Their photo is a portrait of the astronaut Eileen Collins by NASA, in the public
domain. Their templates are made up, and are not those of the photo.
"""


def make_document(
    routes: Sequence[BaseRoute],
    schemas: Schemas,
    version: str,
    tags: Mapping[str, str],
    webhooks: Sequence[BaseRoute] = (),
    root_path: str = "",
) -> Json:
    """The document of the whole API.

    Args:
        routes: that it describes.
        schemas: of the routes that read their bodies themselves.
        version: of the API.
        tags: what the tags of routes mean.
        webhooks: the requests that Faceline sends itself.
        root_path: under which a proxy offers the API.

    Raises:
        DeclarationError: two schemas have one name.
    """
    document = get_openapi(
        title="Faceline",
        version=version,
        description=DESCRIPTION,
        routes=routes,
        webhooks=webhooks,
        servers=[{"url": root_path or "/", "description": "this deployment"}],
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        tags=[{"name": name, "description": text} for name, text in tags.items()],
        # One schema for what goes in and out, as in `schemas`.
        separate_input_output_schemas=False,
    )
    add_security(document, routes)
    add_schemas(document["components"]["schemas"], schemas.components)
    return document


def service_document(whole: Json, service: str) -> Json:
    """The document of a service: its routes, and the schemas that they use.

    Args:
        whole: the document of the whole API.
        service: its name, which is the tag of its routes.
    """
    paths = {path: item for path, item in whole["paths"].items() if path.startswith(f"/{service}/")}
    schemas = whole["components"]["schemas"]
    return {
        **{part: value for part, value in whole.items() if part != "webhooks"},
        "info": {**whole["info"], "title": f"Faceline: {service}"},
        "paths": paths,
        "components": {
            "schemas": {name: schemas[name] for name in sorted(_reached(paths, schemas))},
            "securitySchemes": SCHEMES,
        },
        "tags": [tag for tag in whole["tags"] if tag["name"] == service],
    }


def _reached(paths: Json, components: Json) -> set[str]:
    """The names of the schemas that paths refer to, and that those schemas refer to."""
    reached: set[str] = set()
    waiting = set(_references(paths))
    while waiting:
        reached |= waiting
        waiting = {name for one in waiting for name in _references(components[one])} - reached
    return reached


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_SCHEMA)
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
