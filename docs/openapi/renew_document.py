"""Renews `docs/openapi.json`, the document of a deployment with default settings: `make openapi`."""

import json
from pathlib import Path

from fastapi import FastAPI

from api.app import create_app

DOCUMENT = Path(__file__).parents[1] / "openapi.json"


def text_of(app: FastAPI) -> str:
    """The text of the stored document: JSON with sorted keys."""
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(text_of(create_app()), encoding="utf-8")
