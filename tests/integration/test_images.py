"""Processes as the images run them; `make images` builds the images themselves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.api_process import running_api
from tests.integration.test_webhooks import running_webhooks
from tests.waiting import until

NOT_IN_THE_IMAGE = ("onnxruntime", "onnx", "h5py")


@pytest.fixture
def without_models(tmp_path: Path) -> dict[str, str]:
    """An environment in which the packages that only workers have cannot be imported, and no model is stored."""
    for name in NOT_IN_THE_IMAGE:
        (tmp_path / "missing" / name).mkdir(parents=True)
        (tmp_path / "missing" / name / "__init__.py").write_text(f"raise ModuleNotFoundError('{name}')")
    environment = {"PYTHONPATH": str(tmp_path / "missing"), "FACELINE_WEIGHTS_DIR": str(tmp_path / "weights")}
    for name in NOT_IN_THE_IMAGE:
        command = [sys.executable, "-P", "-c", f"import {name}"]
        assert subprocess.run(command, env=os.environ | environment, capture_output=True, check=False).returncode == 1
    return environment


def test_the_api_runs_without_onnxruntime_and_models(server_url: str, without_models: dict[str, str]) -> None:
    with running_api(server_url, **without_models) as client:
        for path in ("/", "/healthz", "/services", "/openapi.json", "/docs"):
            assert client.get(path).status_code == 200, path
        photo = (Path(__file__).parents[2] / "cli" / "photos" / "astronaut.jpg").read_bytes()
        submitted = client.post(
            "/jobs/image", files={"image": photo}, data={"services": "face-detector-face-fitter,age-estimator"}
        )
        assert submitted.status_code == 202, submitted.text
        assert client.delete(f"/jobs/{submitted.json()['id']}").status_code == 204


def test_the_process_that_sends_webhooks_runs_without_them_and_answers_its_probe(
    server_url: str, without_models: dict[str, str], tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    probe = [sys.executable, "-P", "-m", "embedded.probe"]
    with running_webhooks(server_url, FACELINE_ALIVE_FILE=str(alive), **without_models) as process:
        until(alive.exists)
        environment = {**os.environ, "FACELINE_ALIVE_FILE": str(alive)}
        assert subprocess.run(probe, env=environment, check=False).returncode == 0
        alive.unlink()
        until(alive.exists)
    assert process.returncode == 0
