"""Operating points of face verification: up to which distance two faces count as one person, by purpose.

`docs/verification.md` says which point is for what, and what the rates do not mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from models.calibration.rates import Calibration

Purpose: TypeAlias = Literal["convenience", "identity", "strict"]

DEFAULT_PURPOSE: Purpose = "identity"

STEPS_PER_DISSIMILARITY = 7500
"""Distances of verify-matcher are integers: the dissimilarity (1 - cosine) times this."""

PURPOSES: Mapping[Purpose, str] = MappingProxyType(
    {
        "convenience": "unlock a convenience, where a wrong person does no harm and another try is cheap: "
        "greet a guest, sort photos",
        "identity": "check an identity: a photo beside a document, a second factor",
        "strict": "de-duplicate: search one face among many, where each comparison is a chance of an error",
    }
)
"""What each operating point is recommended for."""

_FA_R: Mapping[Purpose, float] = MappingProxyType({"convenience": 1e-3, "identity": 1e-4, "strict": 1e-5})


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A recommended threshold on the distance of verify-matcher.

    Attributes:
        name: the purpose that it is recommended for.
        fa_r: false acceptances: the share of pairs of two random people that it accepts, at most, in [0, 1].
        look_alike_rate: the share of pairs of two adults of the same sex, age (within 5 years) and origin that it
            accepts, in [0, 1].
        max_distance: the largest distance that counts as one person.
    """

    name: Purpose
    fa_r: float
    look_alike_rate: float
    max_distance: int

    def accepts(self, distance: int) -> bool:
        """Whether two faces at this distance count as one person."""
        return distance <= self.max_distance


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often a threshold errs: a point of the curve of a calibration.

    Attributes:
        distance: the threshold.
        fa_r: the share of pairs of two random people that it accepts, in [0, 1].
        fr_r: the share of pairs of one person that it rejects, in [0, 1].
        look_alike_rate: the share of look-alikes that it accepts, as in `OperatingPoint`.
    """

    distance: int
    fa_r: float
    fr_r: float
    look_alike_rate: float


@cache
def sface_calibration() -> Calibration:
    """The calibration of the templates that Faceline extracts."""
    return Calibration.of_csv(files("models.calibration").joinpath("sface.csv").read_text())


@cache
def operating_points() -> Mapping[Purpose, OperatingPoint]:
    """The operating points of the templates that Faceline extracts, by purpose."""
    calibration = sface_calibration()
    return MappingProxyType({purpose: _point(calibration, purpose, fa_r) for purpose, fa_r in _FA_R.items()})


@cache
def error_curve(step: int = 250) -> tuple[ErrorRates, ...]:
    """The error rates of the templates that Faceline extracts, at thresholds from 0 to 15000."""
    calibration = sface_calibration()
    return tuple(_error_rates(calibration, distance) for distance in range(0, 2 * STEPS_PER_DISSIMILARITY + 1, step))


def max_distance(calibration: Calibration, fa_r: float) -> int:
    """The largest distance whose false acceptance rate is at most `fa_r`."""
    distances = np.arange(2 * STEPS_PER_DISSIMILARITY + 1)
    return int(np.searchsorted(calibration.fa_r(distances / STEPS_PER_DISSIMILARITY), fa_r, side="right")) - 1


def _point(calibration: Calibration, purpose: Purpose, fa_r: float) -> OperatingPoint:
    distance = max_distance(calibration, fa_r)
    look_alike_rate = calibration.look_alike_rate(distance / STEPS_PER_DISSIMILARITY)
    return OperatingPoint(purpose, fa_r, round(look_alike_rate, 4), distance)


def _error_rates(calibration: Calibration, distance: int) -> ErrorRates:
    dissimilarity = distance / STEPS_PER_DISSIMILARITY
    rates = calibration.rates(dissimilarity)
    return ErrorRates(distance, rates.fa_r, rates.fr_r, calibration.look_alike_rate(dissimilarity))
