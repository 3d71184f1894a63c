"""The responses that several routes give."""

from typing import Any

from fastapi.responses import JSONResponse
from pydantic_core import to_json


class SampleResponse(JSONResponse):
    """JSON written by pydantic: several times faster than the standard library for a sample with its image."""

    def render(self, content: Any) -> bytes:
        """The bytes of the content."""
        return to_json(content)


def accepted(view: Any, location: str) -> SampleResponse:
    """What was accepted, with its location."""
    return SampleResponse(view, 202, {"Location": location, "Retry-After": "1"})
