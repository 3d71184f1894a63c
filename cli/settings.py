"""`faceline settings`: shows every setting as this environment sets it."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined
from rich.console import Console

from cli.exits import exit_on_error
from config.settings import Settings, load_settings, without_password

PREFIX = "FACELINE_"
HIDDEN = "***"
SECRETS = frozenset({"FACELINE_FACEAPI_KEYS"})
"""Settings that are secret and no `SecretStr`."""

Defaults = Annotated[bool, typer.Option("--defaults", help="Print the table of docs/settings.md instead.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as it is shown.

    Attributes:
        value: that this environment gives it; secrets are hidden.
        source: where the value is from; "machine" is a default that depends on the machine or on other settings.
    """

    name: str
    value: str | None
    source: Literal["environment", "default", "machine"]
    description: str


def settings(defaults: Defaults = False, as_json: AsJson = False) -> None:
    """Show every setting, its value here and where that is from; fails if one is misspelt or out of bounds."""
    if defaults:
        typer.echo(settings_table())
        return
    with exit_on_error(Console(stderr=True)):
        shown = list(effective(load_settings(), os.environ))
    if as_json:
        typer.echo(json.dumps([asdict(setting) for setting in shown], indent=2))
        return
    for setting in shown:
        typer.echo(f"{setting.name}={'' if setting.value is None else setting.value}  # {setting.source}")


def settings_table() -> str:
    """All settings and their defaults as a Markdown table; docs/settings.md holds the same table."""
    rows = [f"| `{name}` | {_default(field.default)} | {field.description or ''} |" for name, field in _fields()]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *rows])


def effective(of: Settings, environment: Mapping[str, str]) -> Iterator[Shown]:
    """All settings.

    Args:
        of: the process.
        environment: that they were read from.
    """
    given = {name.upper() for name in environment}
    for name, field in _fields():
        value: Any = of
        for part in name.removeprefix(PREFIX).lower().split("__"):
            value = getattr(value, part)
        groups = name.split("__")
        in_environment = any("__".join(groups[:depth]) in given for depth in range(1, len(groups) + 1))
        computed = field.default is PydanticUndefined or isinstance(field.default, Path)
        source: Literal["environment", "default", "machine"] = "machine" if computed else "default"
        yield Shown(name, _value(name, value), "environment" if in_environment else source, field.description or "")


def _fields(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        annotation: Any = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _fields(annotation, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper(), field


def _value(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr) or (name in SECRETS and value):
        return HIDDEN
    if isinstance(value, tuple):
        return json.dumps(list(value))
    return without_password(str(value))


def _default(default: Any) -> str:
    if default is None or default is PydanticUndefined:
        return "–"
    return "a folder of the user's" if isinstance(default, Path) else f"`{default}`"
