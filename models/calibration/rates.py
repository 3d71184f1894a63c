"""Error rates of face verification by the dissimilarity of two embeddings: a table, interpolated between its rows."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

_COLUMNS = ("dissimilarity", "fa_r", "fr_r")
_LOOK_ALIKES = "look_alike_rate"
# The score is 0.85 where one impostor in a million passes.
_SCORE_EXPONENT = float(np.log(1 - 0.85) / np.log(1e-6))


@dataclass(frozen=True, slots=True)
class Rates:
    """The error rates of a threshold at some dissimilarity.

    Attributes:
        fa_r: false acceptances: the share of pairs of two people that are at most as dissimilar, in [0, 1].
        fr_r: false rejections: the share of pairs of one person that are more dissimilar, in [0, 1].
        score: 1 - fa_r ** 0.137 at the rows of the table, and linear between them: 1 for equal embeddings, 0.85 where
            one impostor in a million passes, 0 for opposite embeddings.
    """

    fa_r: float
    fr_r: float
    score: float


class Calibration:
    """Rates by dissimilarity, which is 1 - cosine, in [0, 2].

    Linear between the rows of a table. The ends are (fa_r 0, fr_r 1) for equal embeddings, and (fa_r 1, fr_r 0) for
    opposite ones.

    Args:
        dissimilarity: (n,), growing, in ]0, 2[.
        fa_r: (n,), not falling.
        fr_r: (n,), not growing.
        look_alike_rate: (n,), not falling: the share of pairs of two people of the same sex, age and origin that are at
            most as dissimilar. None if it was not measured.

    Raises:
        ValueError: a column does not grow or fall as it has to.
    """

    def __init__(
        self,
        dissimilarity: ArrayLike,
        fa_r: ArrayLike,
        fr_r: ArrayLike,
        look_alike_rate: ArrayLike | None = None,
    ) -> None:
        self._dissimilarity = np.concatenate([[0.0], np.asarray(dissimilarity, np.float64), [2.0]])
        self._fa_r = _rising(fa_r)
        self._fr_r = np.concatenate([[1.0], np.asarray(fr_r, np.float64), [0.0]])
        self._look_alike_rate = None if look_alike_rate is None else _rising(look_alike_rate)
        growing = (np.diff(self._dissimilarity) > 0).all() and (np.diff(self._fa_r) >= 0).all()
        if self._look_alike_rate is not None:
            growing = growing and (np.diff(self._look_alike_rate) >= 0).all()
        if not growing or not (np.diff(self._fr_r) <= 0).all():
            raise ValueError("a column of the calibration does not grow or fall as it has to")
        self._score = 1 - self._fa_r**_SCORE_EXPONENT

    @classmethod
    def of_csv(cls, text: str) -> Self:
        """Read a table; lines that begin with # are remarks. The column of look-alikes may be missing.

        Raises:
            ValueError: the text is not such a table.
        """
        rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
        headers = (_COLUMNS, (*_COLUMNS, _LOOK_ALIKES))
        if len(rows) < 2 or tuple(rows[0]) not in headers or {len(row) for row in rows} != {len(rows[0])}:
            raise ValueError(
                f"a calibration has the columns {', '.join(_COLUMNS)}, perhaps {_LOOK_ALIKES}, and numbers below them"
            )
        return cls(*np.array(rows[1:], np.float64).T)

    def to_csv(self, remarks: Iterable[str]) -> str:
        """The table as text that `of_csv` reads, after remarks on its source, a line each."""
        text = io.StringIO()
        text.writelines(f"# {remark}\n" for remark in remarks)
        writer = csv.writer(text, lineterminator="\n")
        columns = {"dissimilarity": (self._dissimilarity, 6), "fa_r": (self._fa_r, 8), "fr_r": (self._fr_r, 6)}
        if self._look_alike_rate is not None:
            columns[_LOOK_ALIKES] = (self._look_alike_rate, 6)
        writer.writerow(columns)
        rows = zip(
            *([f"{value:.{digits}f}" for value in column[1:-1]] for column, digits in columns.values()), strict=True
        )
        writer.writerows(rows)
        return text.getvalue()

    def fa_r(self, dissimilarity: ArrayLike) -> NDArray[np.float64]:
        """The false acceptance rate of thresholds at these dissimilarities, of any shape."""
        return np.asarray(np.interp(np.asarray(dissimilarity, np.float64), self._dissimilarity, self._fa_r))

    def look_alike_rate(self, dissimilarity: float) -> float:
        """The share of look-alikes that a threshold at this dissimilarity accepts; NaN if it was not measured."""
        if self._look_alike_rate is None:
            return nan
        return float(np.interp(dissimilarity, self._dissimilarity, self._look_alike_rate))

    def rates(self, dissimilarity: float) -> Rates:
        """The rates of a threshold at this dissimilarity."""
        columns = (self._fa_r, self._fr_r, self._score)
        return Rates(*(float(np.interp(dissimilarity, self._dissimilarity, column)) for column in columns))


def _rising(rate: ArrayLike) -> NDArray[np.float64]:
    """A rate with its ends: 0 for equal embeddings, 1 for opposite ones."""
    return np.concatenate([[0.0], np.asarray(rate, np.float64), [1.0]])
