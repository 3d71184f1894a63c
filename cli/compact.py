"""`compact_json`: JSON for people, with short values on one line and decimals that agree on all processors."""

import json
from collections.abc import Mapping
from typing import Any

_DECIMALS: Mapping[str, int] = {"confidence": 2, "pose": 1, "angles": 1}
"""Of the numbers below a key: confidences, and degrees."""
_OTHER_DECIMALS = 3
"""Of all others: coordinates, relative to the photo."""


def compact_json(value: Any, width: int) -> str:
    """A value as JSON that breaks lines only where one is too short.

    Args:
        value: what `json.dumps` takes.
        width: of a line, in characters.
    """
    return _broken(_rounded(value), width, indent=0, used=0)


def _broken(value: Any, width: int, indent: int, used: int) -> str:
    """A value that begins behind `used` characters of a line that is indented."""
    line = json.dumps(value, ensure_ascii=False)
    if used + len(line) <= width or not isinstance(value, dict | list) or not value:
        return line
    inner = indent + 2
    if isinstance(value, list):
        parts = [_broken(item, width, inner, inner) for item in value]
    else:
        names = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        pairs = zip(names, value.values(), strict=True)
        parts = [name + _broken(item, width, inner, inner + len(name) + 1) for name, item in pairs]
    opening, closing = "[]" if isinstance(value, list) else "{}"
    between = ",\n" + " " * inner
    return f"{opening}\n{' ' * inner}{between.join(parts)}\n{' ' * indent}{closing}"


def _rounded(value: Any, decimals: int = _OTHER_DECIMALS) -> Any:
    if isinstance(value, float):
        return round(value, decimals)
    if isinstance(value, dict):
        return {key: _rounded(item, _DECIMALS.get(key, decimals)) for key, item in value.items()}
    return [_rounded(item, decimals) for item in value] if isinstance(value, list) else value
