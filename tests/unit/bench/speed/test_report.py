import json
from pathlib import Path

from bench.speed.report import Report, bars_of
from bench.speed.tables import Table

QUEUE = Table("Through the queue: 1 service", ["way", "share"], [["bare", 1.0], ["queue", 0.9]], chart="share")
HOPS = Table("Hops", ["way", "ms"], [["relay", 0.5]])


def test_a_part_replaces_its_own_figures_and_no_others(tmp_path: Path) -> None:
    report = Report(tmp_path)
    report.keep("queue", [QUEUE])
    report.keep("hops", [HOPS, HOPS])
    report.keep("hops", [HOPS])
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert {part: len(one["tables"]) for part, one in kept.items()} == {"queue": 1, "hops": 1}
    page = (tmp_path / "speed.md").read_text()
    assert page.count("### Hops") == 1
    assert "### Through the queue" in page
    assert (tmp_path / "speed.svg").exists()


def test_without_a_charted_table_there_is_no_chart(tmp_path: Path) -> None:
    Report(tmp_path).keep("hops", [HOPS])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["speed.json", "speed.md"]


def test_a_chart_leaves_out_what_was_not_measured() -> None:
    table = Table("4 services beside peers", ["server", "share"], [["one", 0.9], ["other", None]], chart="share")
    assert bars_of(table) == [("one · 4 services beside peers", 0.9)]
