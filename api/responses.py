"""JSON as it goes out."""

from typing import Any

from fastapi import Response
from pydantic_core import to_json


class SampleResponse(Response):
    """JSON written by pydantic: several times faster than the standard library on a sample with its image."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of the content."""
        return to_json(content)
