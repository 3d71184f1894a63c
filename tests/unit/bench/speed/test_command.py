from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.speed import __main__ as command
from bench.speed.tables import Table
from bench.speed.workbench import Workbench

QUIET = Table("quiet", ["way", "ms"], [["one", 1.0]], [(10.0, 10.0)])
LOUD = Table("loud", ["way", "ms"], [["one", 1.0]], [(10.0, 5.0)])


def run(tables: Mapping[str, Table], out: Path) -> int:
    def part(table: Table) -> command.Part:
        def measure(bench: Workbench) -> list[Table]:
            return [table]

        return measure

    return command.main(["--out", str(out)], {name: part(table) for name, table in tables.items()})


def test_what_was_measured_in_quiet_is_written_down(tmp_path: Path) -> None:
    assert run({"quiet": QUIET}, tmp_path) == 0
    assert "### quiet" in (tmp_path / "speed.md").read_text()


def test_a_refused_part_is_shown_but_not_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run({"loud": LOUD, "quiet": QUIET}, tmp_path) == 1
    shown = capsys.readouterr()
    assert "### loud" in shown.out
    assert "refused: loud" in shown.err
    page = (tmp_path / "speed.md").read_text()
    assert "### quiet" in page
    assert "### loud" not in page


def test_an_unknown_part_ends_the_command(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        command.main(["--part", "no-such-part", "--out", str(tmp_path)])
