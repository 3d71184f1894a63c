"""Parses JSON from callers, within bounds."""

from codecs import BOM_UTF8
from math import isfinite
from typing import Any

import numpy as np
from pydantic_core import from_json

from config.settings import LimitSettings
from jobs.errors import PayloadTooLarge
from pipelines.errors import Detail, InvalidSample

LIGHT_ENTRIES = 1_000
"""JSON with no more entries than this is parsed and checked in about 10 ms, however large its texts are."""


def is_light(text: bytes) -> bool:
    """Whether JSON takes little time to parse and check. Even for the largest bodies this is known in a millisecond."""
    return not _has_more(LIGHT_ENTRIES, b",", text)


def parse_json(text: bytes | str, limits: LimitSettings) -> Any:
    """The value of JSON, which may begin with the byte order mark of UTF-8.

    Args:
        text: the JSON.
        limits: of entries, of depth, and of the bytes besides the image.

    Raises:
        InvalidSample: it is not JSON, is nested too deeply, or has a number that is not finite.
        PayloadTooLarge: it has too many entries, or too many bytes besides an image.
    """
    encoded = text.encode() if isinstance(text, str) else text
    # Before parsing, which would make an object of each entry.
    if len(encoded) > limits.json_entries and _has_more(limits.json_entries, b",{[", encoded):
        raise PayloadTooLarge(f"the JSON has more than the {limits.json_entries} keys and list entries allowed")
    try:
        parsed = from_json(encoded.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        raise InvalidSample([Detail(loc=[], msg=f"Invalid JSON: {error}", type="json_invalid")]) from error
    longest = _check(parsed, limits.json_depth)
    # The longest text is taken for the image.
    if len(encoded) - longest > limits.sample_bytes:
        raise PayloadTooLarge(f"the JSON has more than the {limits.sample_bytes} bytes allowed besides its image")
    return parsed


def parse_object(text: bytes, limits: LimitSettings) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        InvalidSample: as `parse_json` does, and if the JSON is not an object.
        PayloadTooLarge: as `parse_json` does.
    """
    parsed = parse_json(text, limits)
    if not isinstance(parsed, dict):
        raise InvalidSample([Detail(loc=[], msg="Input should be an object", type="dict_type")])
    return parsed


def _has_more(most: int, characters: bytes, text: bytes) -> bool:
    """Whether some characters occur more often than `most`, all together.

    A few are found fastest one by one: between them may be a photo, which `bytes.find` skips at the speed of memory.
    Many are counted by numpy. `bytes.count` takes longer than parsing.
    """
    found = 0
    for character in characters:
        at = text.find(character)
        while at >= 0:
            found += 1
            if found > LIGHT_ENTRIES:
                values = np.frombuffer(text, np.uint8)
                return sum(int(np.count_nonzero(values == each)) for each in characters) > most
            at = text.find(character, at + 1)
    return found > most


def _check(value: Any, depth: int) -> int:
    """Check that numbers are finite and the depth is allowed.

    Returns:
        The length of the longest text.

    Raises:
        InvalidSample: a number is infinite, as one with too large an exponent was read, or the depth is exceeded.
    """
    longest = 0
    level = [value]
    while level:
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                longest = max(longest, len(one))
            elif isinstance(one, (dict, list)):
                if not depth:
                    raise InvalidSample([Detail(loc=[], msg="the JSON is nested too deeply", type="json_depth")])
                below.extend(one.values() if isinstance(one, dict) else one)
            elif isinstance(one, float) and not isfinite(one):
                raise InvalidSample([Detail(loc=[], msg="numbers must be finite", type="finite_number")])
        level, depth = below, depth - 1
    return longest
