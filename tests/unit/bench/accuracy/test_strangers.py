from pathlib import Path

import pytest

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit
from bench.accuracy.tasks import strangers
from tests.unit.bench.accuracy.kits import face, kit, make_predictor


def people(folder: Path) -> Kit:
    """Four adults and two children, a photo each, and two portraits of one further adult."""
    names = [f"{number}.png" for number in range(6)]
    shown = {name: face(number) for number, name in enumerate(names)}
    ages = (30, 33, 40, 30, 5, 6)
    origins = ("north", "north", "north", "south", "north", "north")
    lines = [
        {"path": name, "age": age, "gender": "female", "race": origin, "source": "drawn"}
        for name, age, origin in zip(names, ages, origins, strict=True)
    ]
    kit(folder, "age_gender", shown, lines)
    sitter = {"age": 31, "gender": "female", "ethnicity": "north", "subject": "sitter"}
    portraits = {"a.png": face(7), "b.png": face(8)}
    return kit(folder, "portraits", portraits, [{"path": name, **sitter} for name in portraits])


def test_look_alikes_are_counted_beside_all_strangers(tmp_path: Path) -> None:
    figures = strangers.measure(people(tmp_path), make_predictor())
    counts = {(figure.note.split(";")[0], figure.measure): figure.n for figure in figures}
    adults, children = "drawn and portraits, adults", "drawn, children under 10"
    at = "accepted at the table's FAR 0.001"
    # Six photos of five people: all pairs but that of the sitter.
    assert counts[adults, f"strangers {at}"] == 14
    # 30 and 33, and both with each photo of the sitter.
    assert counts[adults, f"look-alikes {at}"] == 5
    assert counts["drawn, adults", f"look-alikes {at}"] == 1
    assert counts[children, f"strangers {at}"] == counts[children, f"look-alikes {at}"] == 1


def test_the_share_falls_with_the_rate_and_has_an_interval(tmp_path: Path) -> None:
    figures = strangers.measure(people(tmp_path), make_predictor())
    adults = [figure for figure in figures if figure.note.startswith("drawn and") and "strangers" in figure.measure]
    shares = [figure.value for figure in adults]
    assert shares == sorted(shares, reverse=True)
    for figure in adults:
        low, high = _interval(figure)
        assert 0 <= low <= figure.value <= high <= 1


def _interval(figure: Figure) -> tuple[float, float]:
    low, high = figure.note.rpartition(";")[2].removesuffix("(95 %)").split(" to ")
    return float(low), float(high)


def test_portraits_without_names_of_people_are_left_out(tmp_path: Path) -> None:
    unnamed = kit(tmp_path, "portraits", {"a.png": face()}, [{"path": "a.png", "age": 30, "gender": "male"}])
    assert strangers.portrait_crowd(unnamed, make_predictor()) is None


def test_a_share_of_no_pairs_is_not_a_number(tmp_path: Path) -> None:
    crowd = strangers.face_crowd(people(tmp_path), make_predictor())
    assert crowd is not None
    figure = crowd.rejected("one person rejected", crowd.same_person, 1e-3, "none")
    assert figure.n == 0
    assert figure.value != pytest.approx(figure.value)  # NaN
