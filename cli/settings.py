"""`faceline settings`: prints every setting, its default and what it does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.settings import Settings

PREFIX = "FACELINE_"


def settings_table() -> str:
    """All settings as a Markdown table; docs/settings.md holds the same table."""
    rows = [f"| `{name}` | {default} | {description} |" for name, default, description in _rows(Settings, PREFIX)]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows])


def settings() -> None:
    """Print every setting, its default and what it does."""
    typer.echo(settings_table())


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        annotation: Any = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _rows(annotation, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper(), _shown(field.default), field.description or ""


def _shown(default: Any) -> str:
    if default is None or default is PydanticUndefined:
        return "–"
    return "a folder of the user's" if isinstance(default, Path) else f"`{default}`"
