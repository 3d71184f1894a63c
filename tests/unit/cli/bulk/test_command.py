from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

OUT = ("--out", "out")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "give either --services or --preset"),
        (("--services", "age-estimator", "--preset", "enrolment"), 2, "give either --services or --preset"),
        (("--preset", "nothing"), 2, "there is no preset nothing"),
        (("--preset", "enrolmet"), 2, "did you mean enrolment?"),
        (("--services", "face-detector-face-fiter"), 2, "did you mean face-detector-face-fitter?"),
        (("--services", "no-such-thing-at-all"), 2, "there are: age-estimator"),
        (("--preset", "enrolment", "--chunk", "0"), 2, "chunk"),
        (("--preset", "enrolment", "--dry-run"), 1, "there is no"),
    ],
)
def test_what_cannot_begin_says_why_and_ends_with_a_code(
    tmp_path: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    run = CliRunner().invoke(app, ["bulk", str(tmp_path / "photos"), *OUT, *options], env={"COLUMNS": "500"})
    assert run.exit_code == code
    assert said in run.output
    assert not Path("out").exists()


@pytest.mark.parametrize("mode", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("a.gif", "b.GIF", "c.psd"), "2 .gif (a.gif), 1 .psd (c.psd); convert images of other formats to JPEG"),
        ((".a.jpg", "photos.zip"), "1 hidden (.a.jpg), 1 .zip (photos.zip); unpack archives"),
        ((), "it is empty; check the path"),
    ],
)
def test_a_source_without_photos_is_an_error_that_says_what_is_there(
    tmp_path: Path, files: tuple[str, ...], said: str, mode: tuple[str, ...]
) -> None:
    (tmp_path / "photos").mkdir()
    for name in files:
        (tmp_path / "photos" / name).touch()
    asked = ["--out", str(tmp_path / "out"), "--preset", "enrolment", *mode]
    run = CliRunner().invoke(app, ["bulk", str(tmp_path / "photos"), *asked], env={"COLUMNS": "500"})
    assert run.exit_code == 1
    assert said in run.output
    assert not (tmp_path / "out").exists()


def test_a_dry_run_counts_looks_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(5):
        (tmp_path / "photos" / f"{number}.jpg").write_text("no photo")
    (tmp_path / "photos" / "6.gif").touch()
    asked = ["--out", str(tmp_path / "out"), "--preset", "enrolment", "--dry-run", "--chunk", "2"]
    run = CliRunner().invoke(app, ["bulk", str(tmp_path / "photos"), *asked], env={"COLUMNS": "500"})
    assert run.exit_code == 0
    assert "5 photos in 3 chunks, 0 of them done" in run.output
    assert "passed over: 1 .gif (6.gif); convert images" in run.output
    assert "4.jpg: The bytes are no JPEG, PNG, BMP, WebP, HEIC, AVIF or TIFF image" in run.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", [(), ("--dry-run",)])
def test_services_that_make_no_pipeline_for_photos_are_refused_before_anything_starts(
    tmp_path: Path, mode: tuple[str, ...]
) -> None:
    (tmp_path / "a.jpg").touch()
    asked = ["--out", str(tmp_path / "out"), "--services", "age-estimator", *mode]
    run = CliRunner().invoke(app, ["bulk", str(tmp_path), *asked], env={"COLUMNS": "500"})
    assert run.exit_code == 1
    assert "objects: Field required" in run.output
    assert not (tmp_path / "out").exists()
