from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration.rates import Calibration

SHIPPED = Calibration.of_csv(files("models.calibration").joinpath("sface.csv").read_text())
dissimilarities = st.floats(0, 2)


def test_the_table_of_our_model_says_where_it_comes_from() -> None:
    text = files("models.calibration").joinpath("sface.csv").read_text()
    remarks = [line for line in text.splitlines() if line.startswith("#")]
    assert "242,257 genuine pairs" in " ".join(remarks)
    assert len(text.splitlines()) - len(remarks) == 1 + 64


@pytest.mark.parametrize(("cosine", "fa_r", "fr_r"), [(0.3634, 1e-3, 0.0031), (0.4245, 1e-4, 0.0065)])
def test_the_table_of_our_model_holds_what_was_measured(cosine: float, fa_r: float, fr_r: float) -> None:
    rates = SHIPPED.rates(1 - cosine)
    assert rates.fa_r == pytest.approx(fa_r, rel=0.1)
    assert rates.fr_r == pytest.approx(fr_r, rel=0.1)


def test_the_score_is_085_where_one_impostor_in_a_million_passes() -> None:
    rates = [SHIPPED.rates(dissimilarity) for dissimilarity in np.linspace(0.3, 0.6, 3001)]
    near = min(rates, key=lambda rate: abs(rate.fa_r - 1e-6))
    assert near.score == pytest.approx(0.85, abs=0.003)


@given(dissimilarities, dissimilarities)
def test_rates_are_monotone_and_bounded(first: float, second: float) -> None:
    near, far = (SHIPPED.rates(dissimilarity) for dissimilarity in sorted((first, second)))
    assert 0 <= near.fa_r <= far.fa_r <= 1
    assert 1 >= near.fr_r >= far.fr_r >= 0
    assert 1 >= near.score >= far.score >= 0


def test_the_ends_are_certain() -> None:
    same, opposite = SHIPPED.rates(0), SHIPPED.rates(2)
    assert (same.fa_r, same.fr_r, same.score) == (0, 1, 1)
    assert (opposite.fa_r, opposite.fr_r, opposite.score) == (1, 0, 0)


@given(st.lists(dissimilarities, min_size=2, max_size=20, unique=True), dissimilarities)
def test_a_table_survives_as_text(rows: list[float], dissimilarity: float) -> None:
    rows = sorted({round(row, 6) for row in rows if 0 < round(row, 6) < 2} | {0.5})
    rising = np.linspace(0.1, 0.9, len(rows))
    table = Calibration(rows, rising, 1 - rising)
    text = table.to_csv(["two people", "one camera"])
    assert text.startswith("# two people\n# one camera\ndissimilarity,fa_r,fr_r\n")
    assert np.isnan(Calibration.of_csv(text).look_alike_rate(dissimilarity))
    measured = Calibration.of_csv(Calibration(rows, rising, 1 - rising, rising**2).to_csv([]))
    assert measured.look_alike_rate(rows[0]) == pytest.approx(0.01, abs=1e-4)
    read, kept = Calibration.of_csv(text).rates(dissimilarity), table.rates(dissimilarity)
    assert (read.fa_r, read.fr_r) == (pytest.approx(kept.fa_r, abs=1e-4), pytest.approx(kept.fr_r, abs=1e-4))


@pytest.mark.parametrize(
    ("dissimilarity", "fa_r", "fr_r"),
    [
        ([0.5, 0.4], [0.1, 0.2], [0.2, 0.1]),
        ([0.4, 0.4], [0.1, 0.2], [0.2, 0.1]),
        ([0.0, 0.4], [0.1, 0.2], [0.2, 0.1]),
        ([0.4, 2.0], [0.1, 0.2], [0.2, 0.1]),
        ([0.4, 0.5], [0.2, 0.1], [0.2, 0.1]),
        ([0.4, 0.5], [0.1, 0.2], [0.1, 0.2]),
        ([0.4, 0.5], [-0.1, 0.2], [0.2, 0.1]),
        ([0.4, 0.5], [0.1, 1.2], [0.2, 0.1]),
        ([0.4, 0.5], [0.1, 0.2], [1.2, 0.1]),
        ([0.4, 0.5], [0.1, 0.2], [0.2, -0.1]),
        ([0.4, 0.5], [0.1, np.nan], [0.2, 0.1]),
        ([0.4, 0.5], [0.1, 0.2], [0.2, np.nan]),
    ],
)
def test_columns_that_do_not_grow_or_fall_are_refused(
    dissimilarity: list[float], fa_r: list[float], fr_r: list[float]
) -> None:
    with pytest.raises(ValueError, match="does not grow or fall"):
        Calibration(dissimilarity, fa_r, fr_r)


@pytest.mark.parametrize("look_alikes", [[0.2, 0.1], [-0.1, 0.1], [0.1, np.nan]])
def test_a_rate_of_look_alikes_that_falls_is_refused(look_alikes: list[float]) -> None:
    with pytest.raises(ValueError, match="does not grow or fall"):
        Calibration([0.4, 0.5], [0.1, 0.2], [0.2, 0.1], look_alikes)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("distance,fa_r,fr_r\n0.4,0.1,0.2\n", "has the columns dissimilarity, fa_r, fr_r"),
        ("dissimilarity,fa_r,fr_r\n0.4,a,0.2\n", "could not convert"),
        ("dissimilarity,fa_r,fr_r\n0.4,0.1\n", "columns"),
        ("dissimilarity,fa_r,fr_r\n", "columns"),
        ("", "columns"),
        ("# nothing but a remark\n", "columns"),
    ],
)
def test_text_that_is_no_table_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Calibration.of_csv(text)
