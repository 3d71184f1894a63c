"""JSON as it goes out."""

from typing import Any

from fastapi.responses import JSONResponse
from pydantic_core import to_json


class SampleResponse(JSONResponse):
    """JSON written by pydantic: several times faster than the standard library on a sample with its image."""

    def render(self, content: Any) -> bytes:
        """The bytes of the content."""
        return to_json(content)
