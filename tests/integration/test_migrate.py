"""`faceline migrate check` with recordings that are made of the contract's examples."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import PHOTOS, Deployment, base64_photo

EXAMPLES = sorted((Path(__file__).parents[1] / "contract" / "examples").glob("*/*.request.json"))
assert EXAMPLES, "without examples their tests would be skipped"


def check(folder: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "cli.main", "migrate", "check", str(folder), "--url", url, *options]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def record(folder: Path, name: str, path: str, sent: dict[str, Any], answer: Any, status: int = 200) -> None:
    recording = {"request": {"path": path, **sent}, "response": {"status": status, "body": answer}}
    (folder / f"{name}.json").write_text(json.dumps(recording))


@pytest.fixture(scope="module")
def template(deployment: Deployment) -> str:
    sample = {"$image": base64_photo()}
    answer = deployment.client.post("/face-detector-template-extractor/v1/process/sample", json=sample).json()
    return str(answer["objects"][0]["$template"])


@pytest.mark.stack
def test_each_example_of_the_contract_is_answered_in_its_shape(
    deployment: Deployment, template: str, tmp_path: Path
) -> None:
    for file in EXAMPLES:
        dialect, service = file.parent.name, file.name.removesuffix(".request.json")
        request, response = (
            json.loads(
                one.read_text().replace("<image, base64>", base64_photo()).replace("<template, base64>", template)
            )
            for one in (file, file.with_name(f"{service}.response.json"))
        )
        path = f"/{service}/{dialect}/process/sample"
        record(tmp_path, f"{dialect}-{service}", path, {"body": request}, response)
    done = check(tmp_path, deployment.stack.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"{len(EXAMPLES)} recordings, 0 with another shape\n")


@pytest.mark.stack
def test_differences_are_named_and_end_with_exit_code_1(deployment: Deployment, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes((PHOTOS / "collins.jpg").read_bytes())
    path = "/face-detector-face-fitter/v2/process/image"
    old = {"_image": {"blob": "", "format": "IMAGE"}, "objects": [{"id": "0", "class": "face", "mood": "good"}]}
    record(tmp_path, "detect", path, {"form": {"image": "@photo.jpg"}}, old)
    record(tmp_path, "refused", "/age-estimator/v2/process/sample", {"body": {"objects": [{}]}}, {"objects": []})
    done = check(tmp_path, deployment.stack.url)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "objects[].id: other type, number instead of string" in lines
    assert "objects[].mood: missing" in lines
    assert "objects[].bbox: extra" in lines
    assert "status: other value, 422 instead of 200" in lines
    assert "the deployment refused it: invalid_sample" in lines
    assert lines[-1] == "2 recordings, 2 with another shape"

    as_json = check(tmp_path, deployment.stack.url, "--json", "--ignore-extra")
    assert as_json.returncode == 1
    detect, refused = (json.loads(line) for line in as_json.stdout.splitlines())
    assert {one["kind"] for one in detect["differences"]} == {"missing", "other type"}
    assert (refused["file"], refused["error"]) == ("refused.json", "invalid_sample")


@pytest.mark.stack
def test_a_refusal_of_the_second_vendors_api_is_named(deployment: Deployment, tmp_path: Path) -> None:
    data = {"gender": "F", "genderProbability": 0}
    body = {"image": base64_photo(), "api_key": "of the old API"}
    answer = {"result": "Ok", "code": 0, "message": "", "data": data}
    record(tmp_path, "gender", "/faceapi/v1/face_gender_detection", {"body": body}, answer)
    done = check(tmp_path, deployment.stack.url)
    assert done.returncode == 1
    assert "data.gender: missing" in done.stdout
    assert "the deployment refused it: " in done.stdout
    assert "api_key" in done.stdout


def test_a_deployment_that_does_not_answer_is_an_error_of_its_own(tmp_path: Path) -> None:
    record(tmp_path, "one", "/age-estimator/v2/process/sample", {"body": {}}, {})
    done = check(tmp_path, "http://127.0.0.1:1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: http://127.0.0.1:1: ")
    assert done.stdout == ""


def test_a_folder_without_recordings_is_an_error_of_its_own(tmp_path: Path) -> None:
    done = check(tmp_path, "http://127.0.0.1:1")
    assert (done.returncode, "has no files that end in .json" in done.stderr) == (2, True)
