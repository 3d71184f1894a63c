"""Durations as people write them on the command line."""

import re

import typer

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def duration_s(text: str) -> int:
    """A duration such as `90d` or `12h`, in seconds.

    Raises:
        BadParameter: the text is no duration.
    """
    found = re.fullmatch(r"([1-9]\d{0,8})([smhdw])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a duration: write a number and one of s, m, h, d, w, such as 90d")
    return int(found[1]) * SECONDS[found[2]]
