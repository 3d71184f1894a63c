"""Reads the settings of a process from its environment."""

import os
import re
from collections.abc import Sequence

from pydantic import ValidationError

from config.errors import InvalidSetting
from config.settings.deployment import Settings


def load_settings() -> Settings:
    """Read the settings of this process from its environment.

    Raises:
        InvalidSetting: a `FACELINE_…` variable is misspelt, or a value is out of bounds.
    """
    prefix = "FACELINE_"
    for name in os.environ:
        if name.startswith(prefix) and not _exists(name.removeprefix(prefix).lower().split("__")):
            raise InvalidSetting(f"{name} is not a setting; see docs/settings.md for their names")
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{prefix}{'__'.join(map(str, entry['loc'])).upper()}: {entry['msg'].removeprefix('Value error, ')}"
            for entry in error.errors(include_input=False, include_url=False, include_context=False)
            if entry["type"] != "default_factory_not_called"
        )
        raise InvalidSetting(wrong) from error


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    return re.sub(r"(password=)[^&]*", r"\1***", re.sub(r"(://[^/@]*:)[^/@]*@", r"\1***@", url))


def _exists(path: Sequence[str]) -> bool:
    fields = Settings.model_fields
    for part in path:
        if part not in fields:
            return False
        fields = getattr(fields[part].annotation, "model_fields", {})
    return True
