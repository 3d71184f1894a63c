from pathlib import Path

from typer.testing import CliRunner

from cli.main import app


def test_a_folder_that_is_not_a_kit_is_an_error_and_no_table_is_written(tmp_path: Path) -> None:
    out = tmp_path / "table.md"
    result = CliRunner().invoke(app, ["bench", "accuracy", "--kit", str(tmp_path), "--out", str(out)])
    assert result.exit_code == 1
    assert "<task>/dev/labels.csv" in result.stderr
    assert not out.exists()


def test_an_empty_folder_cannot_be_calibrated(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "calibrate", str(tmp_path)])
    assert result.exit_code == 1
    assert "has neither" in result.stderr
    assert not result.stdout
