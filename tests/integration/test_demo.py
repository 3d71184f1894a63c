"""`faceline demo`, from a photo to an annotated one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

pytestmark = pytest.mark.stack


def test_the_demo_shows_the_way_of_a_photo_and_leaves_its_results(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", "demo", "--out", str(tmp_path)],
        env={**os.environ, "COLUMNS": "120"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr + result.stdout
    for shown in ("POST /jobs", "face-detector-face-fitter", "age-estimator", "on queue face-attributes", "female"):
        assert shown in result.stdout
    sample = json.loads((tmp_path / "sample.json").read_text())
    assert [face["gender"] for face in sample["objects"]] == ["female"]
    annotated = cv2.imread(str(tmp_path / "annotated.jpg"))
    assert annotated is not None
    assert annotated.shape == (640, 640, 3)


def test_a_photo_of_ones_own(tmp_path: Path) -> None:
    photo = Path(__file__).parents[1] / "photos" / "shuttle_model.jpg"
    result = subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", "demo", "--photo", str(photo), "--out", str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr + result.stdout
    assert json.loads((tmp_path / "sample.json").read_text())["objects"] == []
