from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.speed import __main__ as command
from bench.speed.tables import SpeedTable
from bench.speed.workbench import Workbench

STEADY = SpeedTable("steady", ["way", "ms"], [["one", 1.0]], [(10.0, 10.0)])
DRIFTED = SpeedTable("drifted", ["way", "ms"], [["one", 1.0]], [(10.0, 5.0)])


def run(tables: Mapping[str, SpeedTable], out: Path) -> int:
    def part(table: SpeedTable) -> command.Part:
        def measure(bench: Workbench) -> list[SpeedTable]:
            return [table]

        return measure

    return command.main(["--out", str(out)], {name: part(table) for name, table in tables.items()})


def test_a_steady_part_is_saved(tmp_path: Path) -> None:
    assert run({"steady": STEADY}, tmp_path) == 0
    assert "### steady" in (tmp_path / "speed.md").read_text()


def test_a_refused_part_is_printed_but_not_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run({"drifted": DRIFTED, "steady": STEADY}, tmp_path) == 1
    shown = capsys.readouterr()
    assert "### drifted" in shown.out
    assert "refused: drifted" in shown.err
    page = (tmp_path / "speed.md").read_text()
    assert "### steady" in page
    assert "### drifted" not in page


def test_an_unknown_part_ends_the_command(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        command.main(["--part", "no-such-part", "--out", str(tmp_path)])
