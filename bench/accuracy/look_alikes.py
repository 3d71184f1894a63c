"""Look-alikes: pairs of people of the same sex and origin and of nearly the same age, as far as labels know these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.kit import InvalidKit

MOST_YEARS = 5
"""By how much the ages of look-alikes may differ."""

FA_R = (1e-2, 1e-3, 1e-4, 1e-5)
"""The rates of the calibration at which accepted pairs are counted: .01, and those of the operating points."""

ORIGINS = ("race", "ethnicity")
"""Kits name the origin in one of these columns."""

_SEX, _AGE = "gender", "age"
# An origin of "other" says of two people only that they have none of the other origins.
_UNKNOWN = frozenset({"", "NA", "other"})


@dataclass(frozen=True, slots=True)
class Traits:
    """What is labelled of a person.

    Attributes:
        sex: as the labels name it.
        origin: as the labels name it.
        age: in years.
    """

    sex: str
    origin: str
    age: float

    @classmethod
    def of(cls, columns: Mapping[str, str]) -> Self | None:
        """The traits in a line of a CSV file; None if the sex, the age or the origin is not labelled.

        Raises:
            InvalidKit: the age is not a number.
        """
        origins = [columns[name] for name in ORIGINS if columns.get(name, "") not in _UNKNOWN]
        sex, age = columns.get(_SEX, ""), columns.get(_AGE, "")
        if not origins or sex in _UNKNOWN or age in _UNKNOWN:
            return None
        try:
            return cls(sex, origins[0], float(age))
        except ValueError as error:
            raise InvalidKit(f"{_AGE} is not a number: {age!r}") from error


class Alikeness:
    """Finds the look-alikes among many people. People of unknown traits have none."""

    def __init__(self, traits: Sequence[Traits | None]) -> None:
        kinds = dict.fromkeys((one.sex, one.origin) for one in traits if one is not None)
        numbers = {kind: number for number, kind in enumerate(kinds)}
        self._kinds = np.array([-1 if one is None else numbers[one.sex, one.origin] for one in traits], np.intp)
        self._ages = np.array([np.nan if one is None else one.age for one in traits], np.float64)

    def block(self, rows: slice, columns: slice) -> NDArray[np.bool_]:
        """(rows, columns): whether the person of each row is like the person of each column."""
        same_kind = self._kinds[rows, None] == self._kinds[None, columns]
        # An unknown age is not a number, which is near no other.
        near = np.abs(self._ages[rows, None] - self._ages[None, columns]) <= MOST_YEARS
        return np.asarray(same_kind & near)
