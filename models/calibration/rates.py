"""Error rates of face verification by the dissimilarity of two embeddings: a table, interpolated between its rows."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

_COLUMNS = ("dissimilarity", "fa_r", "fr_r")
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

    Raises:
        ValueError: a column does not grow or fall as it has to.
    """

    def __init__(self, dissimilarity: ArrayLike, fa_r: ArrayLike, fr_r: ArrayLike) -> None:
        self._dissimilarity = np.concatenate([[0.0], np.asarray(dissimilarity, np.float64), [2.0]])
        self._fa_r = np.concatenate([[0.0], np.asarray(fa_r, np.float64), [1.0]])
        self._fr_r = np.concatenate([[1.0], np.asarray(fr_r, np.float64), [0.0]])
        growing = (np.diff(self._dissimilarity) > 0).all() and (np.diff(self._fa_r) >= 0).all()
        if not growing or not (np.diff(self._fr_r) <= 0).all():
            raise ValueError("a column of the calibration does not grow or fall as it has to")
        self._score = 1 - self._fa_r**_SCORE_EXPONENT

    @classmethod
    def of_csv(cls, text: str) -> Self:
        """Read a table; lines that begin with # are remarks.

        Raises:
            ValueError: the text is not such a table.
        """
        rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
        if len(rows) < 2 or tuple(rows[0]) != _COLUMNS or {len(row) for row in rows} != {len(_COLUMNS)}:
            raise ValueError(f"a calibration has the columns {', '.join(_COLUMNS)}, and numbers below them")
        return cls(*np.array(rows[1:], np.float64).T)

    def to_csv(self, remarks: Iterable[str]) -> str:
        """The table as text that `of_csv` reads, after remarks on its source, a line each."""
        text = io.StringIO()
        text.writelines(f"# {remark}\n" for remark in remarks)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for row in zip(self._dissimilarity[1:-1], self._fa_r[1:-1], self._fr_r[1:-1], strict=True):
            writer.writerow([f"{row[0]:.6f}", f"{row[1]:.8f}", f"{row[2]:.6f}"])
        return text.getvalue()

    def rates(self, dissimilarity: float) -> Rates:
        """The rates of a threshold at this dissimilarity."""
        columns = (self._fa_r, self._fr_r, self._score)
        return Rates(*(float(np.interp(dissimilarity, self._dissimilarity, column)) for column in columns))
