"""A service is one file: the example is put into a copy of the repository, and a deployment of it has the service."""

import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy2

import httpx
import pyarrow.parquet as pq
import pytest

from config.settings import load_settings
from models.errors import WeightsMissing
from models.weights.cache import stored_weights
from tests.copied_tree import ROOT, copy_tree, environment_of, run_python

pytestmark = pytest.mark.stack

EXAMPLE = ROOT / "docs" / "examples" / "glasses_estimator.py"
PHOTO = ROOT / "tests" / "photos" / "collins.jpg"
FITTER = "face-detector-face-fitter"


@dataclass(frozen=True)
class Deployed:
    """A deployment of the copy.

    Attributes:
        log: of its processes.
    """

    tree: Path
    client: httpx.Client
    log: Path


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("copy") / "tree", {EXAMPLE.name: EXAMPLE.read_text()})


@pytest.fixture(scope="module")
def deployed(tree: Path) -> Iterator[Deployed]:
    try:
        stored_weights("yunet", load_settings().weights_dir)
    except WeightsMissing as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
    environment = {
        **environment_of(tree),
        "FACELINE_DATA_DIR": str(tree.parent / "data"),
        "FACELINE_EMBEDDED_WORKERS": "1",
        "COLUMNS": "200",
    }
    command = [sys.executable, "-P", "-m", "cli.main", "up", "--port", "0"]
    log = tree.parent / "log"
    with (
        log.open("w") as lines,
        subprocess.Popen(command, cwd=tree.parent, env=environment, stdout=lines, stderr=subprocess.STDOUT) as process,
    ):
        try:
            with httpx.Client(base_url=url_of(process, log), timeout=60, trust_env=False) as client:
                yield Deployed(tree, client, log)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def url_of(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The URL of a deployment that starts."""
    while process.poll() is None:
        if found := re.search(r"Faceline is up at (http://\S+)", log.read_text()):
            return found[1]
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    pytest.fail(log.read_text())


def test_the_copy_is_what_runs(tree: Path) -> None:
    done = run_python(tree, "import api, models, pipelines; print(api.__file__, models.__file__, pipelines.__file__)")
    assert done.stdout.split() == [str(tree / package / "__init__.py") for package in ("api", "models", "pipelines")]


def test_it_is_loaded_before_the_first_message(deployed: Deployed) -> None:
    (line,) = [line for line in deployed.log.read_text().splitlines() if "models loaded" in line]
    assert "glasses-estimator" in line


def test_it_is_listed(deployed: Deployed) -> None:
    assert "glasses-estimator" in deployed.client.get("/version").json()["services"]
    offers = deployed.client.get("/services").json()["services"]
    (offer,) = [offer for offer in offers if offer["name"] == "glasses-estimator"]
    assert (offer["family"], offer["needs"], offer["gives"]) == ("face-attributes", ["bbox", "image"], ["glasses"])
    assert offer["keys"]["v1"]["glasses"] == offer["keys"]["v2"]["glasses"] == "glasses"
    assert offer["routes"] == [f"/glasses-estimator/{version}/process/sample" for version in ("v1", "v2")]


@pytest.mark.parametrize(
    ("version", "image"),
    [("v1", {"$image": b64encode(PHOTO.read_bytes()).decode()}),
     ("v2", {"_image": {"blob": b64encode(PHOTO.read_bytes()).decode()}})],
)  # fmt: skip
def test_it_answers_in_each_dialect(deployed: Deployed, version: str, image: dict[str, object]) -> None:
    sample = {**image, "objects": [{"bbox": [0.3, 0.1, 0.6, 0.6]}]}
    response = deployed.client.post(f"/glasses-estimator/{version}/process/sample", json=sample)
    assert response.status_code == 200, response.text
    (face,) = response.json()["objects"]
    assert face["glasses"].keys() == {"value", "confidence"}
    assert face["glasses"]["value"] is False


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_it_is_documented(deployed: Deployed, version: str) -> None:
    assert deployed.client.get("/glasses-estimator/docs").status_code == 200
    described = deployed.client.get("/glasses-estimator/openapi.json").json()
    operation = described["paths"][f"/glasses-estimator/{version}/process/sample"]["post"]
    assert "deprecated" not in operation
    schemas = described["components"]["schemas"]
    answer = schemas[f"GlassesEstimator{version.upper()}AnswerObject"]
    assert "glasses" in answer["required"]
    assert answer["properties"]["glasses"] == {"$ref": "#/components/schemas/Glasses"}
    assert schemas["Glasses"]["properties"].keys() == {"value", "confidence"}
    assert schemas["Glasses"]["description"] == "Whether a face wears sunglasses."


def test_it_has_no_routes_of_version_1_0(deployed: Deployed) -> None:
    assert deployed.client.post("/glasses-estimator/process/sample", json={}).status_code == 404


def test_it_runs_in_a_job_after_the_fitter(deployed: Deployed) -> None:
    files = {"image": ("photo.jpg", PHOTO.read_bytes(), "image/jpeg")}
    submitted = deployed.client.post("/jobs/image", files=files, data={"services": f"{FITTER},glasses-estimator"})
    assert submitted.status_code == 202, submitted.text
    job = deployed.client.get(f"/jobs/{submitted.json()['id']}", params={"wait": 30}).json()
    assert job["status"] == "succeeded", job
    (face,) = job["result"]["objects"]
    assert face["glasses"].keys() == {"value", "confidence"}


def test_it_has_columns_in_a_bulk_table(deployed: Deployed) -> None:
    photos = deployed.tree.parent / "photos"
    photos.mkdir()
    copy2(PHOTO, photos)
    out = deployed.tree.parent / "out"
    services = f"{FITTER},glasses-estimator"
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", "bulk", str(photos), "--out", str(out), "--services", services,
         "--url", str(deployed.client.base_url)],
        cwd=deployed.tree.parent,
        env=environment_of(deployed.tree),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (part,) = out.glob("parts/part-*.parquet")
    (row,) = pq.read_table(part).to_pylist()
    assert isinstance(row["glasses"], bool)
    assert 0 <= row["glasses_confidence"] <= 1
