import json
from pathlib import Path
from xml.etree import ElementTree

from bench.speed.report import ResultsFolder, bar_chart, bars_of
from bench.speed.tables import SpeedTable

SVG = "{http://www.w3.org/2000/svg}"
QUEUE = SpeedTable("Through the queue: 1 service", ["way", "share"], [["bare", 1.0], ["queue", 0.9]], chart="share")
HOPS = SpeedTable("Hops", ["way", "ms"], [["relay", 0.5]])


def test_a_part_replaces_its_own_figures_and_no_others(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path)
    results.save("queue", [QUEUE])
    results.save("hops", [HOPS, HOPS])
    results.save("hops", [HOPS])
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert {part: len(one["tables"]) for part, one in kept.items()} == {"queue": 1, "hops": 1}
    page = (tmp_path / "speed.md").read_text()
    assert page.count("### Hops") == 1
    assert "### Through the queue" in page
    assert (tmp_path / "speed.svg").exists()


def test_without_a_charted_table_there_is_no_chart(tmp_path: Path) -> None:
    ResultsFolder(tmp_path).save("hops", [HOPS])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speed.json", "speed.md"]


def test_cells_that_were_not_measured_have_no_bar() -> None:
    table = SpeedTable("4 services beside peers", ["server", "share"], [["one", 0.9], ["other", None]], chart="share")
    assert bars_of(table) == [("one · 4 services beside peers", 0.9)]


def drawn(svg: str) -> list[tuple[float, float]]:
    """Left end and length of each bar."""
    found = ElementTree.fromstring(svg).iterfind(f".//{SVG}rect[@class='bar']")
    return [(float(bar.attrib["x"]), float(bar.attrib["width"])) for bar in found]


def test_the_length_of_a_bar_is_proportional_to_its_value() -> None:
    (_, half), (_, whole) = drawn(bar_chart("shares", [("half", 0.5), ("whole", 1.0)]))
    assert whole == 2 * half


def test_the_line_is_where_a_bar_of_its_value_ends() -> None:
    svg = bar_chart("shares", [("slow", 0.25), ("bare", 1.0)], line=1.0)
    (line,) = ElementTree.fromstring(svg).iter(f"{SVG}line")
    left, length = drawn(svg)[-1]
    assert float(line.attrib["x1"]) == left + length


def test_labels_are_escaped() -> None:
    root = ElementTree.fromstring(bar_chart("a < b & c", [("<way>", 1.0)]))
    assert [text.text for text in root.iter(f"{SVG}text")][:2] == ["a < b & c", "<way>"]
