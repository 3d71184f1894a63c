"""The responses that several routes have in the documents."""

from collections.abc import Mapping
from typing import Any

from api.openapi.schemas import ERROR

Responses = dict[int | str, dict[str, Any]]

RETRY_AFTER = {"Retry-After": {"description": "in how many seconds to ask again", "schema": {"type": "integer"}}}
LOCATION = {"Location": {"description": "where it is", "schema": {"type": "string"}}}
ACCEPTED = {"description": "Accepted; the location has its state.", "headers": {**LOCATION, **RETRY_AFTER}}


def error_responses(texts: Mapping[int, str]) -> Responses:
    """Error responses with their schema.

    Args:
        texts: what each HTTP status means on the route.
    """
    responses: Responses = {}
    for status, text in texts.items():
        responses[status] = {"description": text, **ERROR}
        if status in (429, 503):
            responses[status]["headers"] = RETRY_AFTER
    return responses


INVALID = error_responses({422: "The request is not valid; `detail` says what is wrong with it."})
"""Of each route that has parameters."""

OTHER: Responses = {
    "default": {"description": "Another error; `type` is its stable name.", **ERROR},
    503: error_responses({503: "The store does not answer."})[503],
}
"""Of each route that asks the store."""

PROCESSING = error_responses(
    {
        408: "The body came in too slowly.",
        413: "The image has too many bytes, or the JSON too many bytes or entries.",
        415: "The body, or a part of it, is of another media type than the route takes.",
        422: "The sample or its image cannot be processed; `detail` says why.",
        429: "There is no room for the request at the moment, or the caller has used up a limit.",
        503: "No worker takes the service's tasks, or the store does not answer.",
    }
)
"""Of each route that takes samples or images."""
