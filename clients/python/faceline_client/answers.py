"""Answers of the API: what they say, and errors made of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import httpx

from faceline_client.conversion import from_json
from faceline_client.errors import BY_STATUS, ApiError, DeploymentFailed, UnknownAnswer
from faceline_client.results import ErrorBody

Result = TypeVar("Result")

AGAIN = (408, 429, 502, 503)
"""Statuses of requests that the API did not accept, and that may succeed later."""
COMING_IN = "still_coming_in"
"""An earlier request with the same key was cut off, and the API has not given up on it yet."""


def body_of(response: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer.

    Raises:
        UnknownAnswer: it is not one of this API.
    """
    try:
        body = response.json()
    except ValueError as error:
        raise UnknownAnswer(f"{response.url} answered with something that is not JSON") from error
    if not isinstance(body, dict):
        raise UnknownAnswer(f"{response.url} answered with JSON that is not an object")
    return body


def read(kind: type[Result], response: httpx.Response) -> Result:
    """The result in an answer.

    Raises:
        UnknownAnswer: the answer is not one of this API.
    """
    return convert(kind, body_of(response))


def convert(kind: type[Result], value: Mapping[str, Any]) -> Result:
    """A result of JSON.

    Raises:
        UnknownAnswer: the JSON is not what this API answers.
    """
    try:
        return from_json(kind, value)
    except ValueError as error:
        raise UnknownAnswer(str(error)) from error


def rows(kind: type[Result], content: bytes) -> Iterator[Result]:
    """The results in lines of JSON."""
    return (convert(kind, json.loads(line)) for line in content.splitlines())


def error_of(response: httpx.Response) -> ApiError:
    """The error that an answer says."""
    try:
        body = from_json(ErrorBody, response.json())
    except (ValueError, AttributeError):
        body = ErrorBody(detail=response.text[:500] or response.reason_phrase, type="http_error")
    kind = BY_STATUS.get(response.status_code, DeploymentFailed if response.status_code >= 500 else ApiError)
    retry_after = response.headers.get("Retry-After", "")
    return kind(
        response.status_code,
        body,
        response.headers.get("X-Request-ID"),
        float(retry_after) if retry_after.isdigit() else None,
    )


def worth_another_try(error: ApiError) -> bool:
    """Whether the same request may succeed later."""
    return error.status in AGAIN or error.type == COMING_IN
