"""How far two outputs of models may differ: from processor to processor, and from call to call under `tests/noise`.

Every test that compares what a model gave with what it gave elsewhere compares it here. An error of 1e-7 in a network
is enough to move a crop by a 32nd of a pixel, the step of OpenCV's warp, and what the next network makes of that is
off by a hundred thousand times as much; errors of 1e-4 do little more. The tolerances are about twice what they did to
the photos of the suite.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from models.networks.template import decode

ANGLE = 0.5
"""Degrees."""
COORDINATE = 1e-3
"""Shares of a photo's width or height."""
PIXEL = 0.5
"""The same in the photos of the suite."""
CONFIDENCE = 0.02
AGE = 0.5
"""Years."""
SCORE = 2
"""Points of 100, grey levels, or pixels between eyes and at margins."""
COSINE = 5e-4
"""Of two embeddings of one face."""
OUTPUT = 1e-3
"""The output of one network for one input, as a share of the largest magnitude in it."""

_WHOLE_DEGREE = 1
_TEMPLATE = re.compile(r"\$?template")
# By the name of a key in v1, in v2 or in a canonical sample, or of a column; what a key holds is under it too.
_BY_NAME: Mapping[re.Pattern[str], float] = {
    re.compile(r"yaw|pitch|roll"): ANGLE,
    re.compile(r"(bbox|point)(_.*)?|proj|landmarks"): COORDINATE,
    re.compile(r"keypoints|left_eye|right_eye"): PIXEL,
    re.compile(r"(.*_)?confidence|emotions?(_.*)?|score"): CONFIDENCE,
    re.compile(r"age"): AGE,
    re.compile(r"(quality_)?(max_rotation_deviation|maxRotationDeviation)"): _WHOLE_DEGREE,
    re.compile(r".+_score|.+Score|.*eyes_distance|eyesDistance|.*margin_.*|margin.*"): SCORE,
}


def assert_alike(found: Any, expected: Any) -> None:
    """Two samples, rows or results of services are the same, but for what a processor may round otherwise.

    Keys, lengths, texts and decisions are the same; numbers are as near as the names above them ask for.
    """
    _compare(found, expected, path=(), tolerance=0)


def assert_outputs_alike(found: ArrayLike, expected: ArrayLike, name: str = "") -> None:
    """Two outputs of one network for the same input are the same, but for what a processor may round otherwise."""
    peak = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=OUTPUT * peak, err_msg=name)


def assert_points_alike(found: ArrayLike, expected: ArrayLike) -> None:
    """Two boxes or lists of points, in pixels of a photo of the suite, are the same but for what may be rounded."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=PIXEL)


def assert_templates_alike(found: bytes, expected: bytes) -> None:
    """Two templates are of the same face in the same photo."""
    assert 1 - float(decode(found) @ decode(expected)) <= COSINE


def _compare(found: Any, expected: Any, path: tuple[Any, ...], tolerance: float) -> None:
    if is_dataclass(expected) and not isinstance(expected, type):
        assert type(found) is type(expected), path
        _compare(asdict(found), asdict(expected), path, tolerance)  # type: ignore[call-overload]
    elif isinstance(expected, Mapping):
        assert found.keys() == expected.keys(), path
        for key, value in expected.items():
            _compare(found[key], value, (*path, key), _tolerance_of(key, tolerance))
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), path
        for index, (one, other) in enumerate(zip(found, expected, strict=True)):
            _compare(one, other, (*path, index), tolerance)
    elif _is_template(path) and isinstance(expected, bytes | str):
        assert type(found) is type(expected), path
        assert_templates_alike(_template(found), _template(expected))
    elif tolerance and not isinstance(expected, bool) and (number := _number(expected)) is not None:
        assert type(found) is type(expected), path
        assert abs(_number(found) - number) <= _granted(number, tolerance), (path, found, expected)
    else:
        assert found == expected, path


def _tolerance_of(key: str, above: float) -> float:
    return next((tolerance for name, tolerance in _BY_NAME.items() if name.fullmatch(key)), above)


def _number(value: Any) -> Any:
    """The value of a number, or of a text that is one: v1 writes ages so."""
    if isinstance(value, str):
        return int(value) if value.isdecimal() else None
    return value if isinstance(value, int | float) else None


def _granted(number: float, tolerance: float) -> float:
    if isinstance(number, int):
        return max(1, ceil(tolerance))  # it may have been rounded the other way
    return tolerance / 100 + 1e-9 if tolerance == SCORE else tolerance  # v2 writes scores as hundredths


def _is_template(path: tuple[Any, ...]) -> bool:
    if not path:
        return False
    named = any(_TEMPLATE.fullmatch(str(key)) for key in path[-3:])
    return named and (path[-1] == "blob" or _TEMPLATE.fullmatch(str(path[-1])) is not None)


def _template(value: bytes | str) -> bytes:
    return b64decode(value) if isinstance(value, str) else value
