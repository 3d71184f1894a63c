"""`/readyz` with real workers: what it costs them, and that it need not wait for them."""

from pathlib import Path
from time import sleep

import cv2
import numpy as np
import pytest

from api.system.readiness import KEPT_S
from broker.queues import CO_LOCATED
from models.family import ModelFamily
from tests.integration.conftest import Deploy
from tests.integration.trial import GOOD, trial_tree

pytestmark = pytest.mark.stack


def test_a_worker_of_all_families_runs_each_model_once(deploy: Deploy) -> None:
    """Two runs of a model never take the same time, to the last digit."""
    with deploy(workers=[[family.value for family in ModelFamily]], FACELINE_CO_LOCATE="false") as running:
        families = running.client.get("/readyz").json()["families"]
    assert set(families) == set(ModelFamily)
    assert len({state["worker"] for state in families.values()}) == 1
    assert len({str(state["ms"]) for state in families.values()}) == 1
    assert len(families["matching"]["ms"]) > 5


def test_a_probe_does_not_wait_for_workers_that_are_busy(deploy: Deploy, tmp_path: Path) -> None:
    """A check that waits for the only thread of the worker would fail after ten seconds."""
    tree = trial_tree(tmp_path, {})
    slow = {"TRIAL_S": "20", "FACELINE_WORKER_THREADS": "1", "PYTHONPATH": str(tree)}
    with deploy(workers=[[CO_LOCATED]], FACELINE_CO_LOCATE="true", **slow) as running:
        assert running.client.get("/readyz").status_code == 200
        image = cv2.imencode(".png", np.zeros((20, GOOD, 3), np.uint8))[1].tobytes()
        files = {"image": ("image.png", image, "image/png")}
        job = running.client.post("/jobs/image", files=files, data={"services": "trial-detector"}).json()
        sleep(KEPT_S + 0.5)
        assert running.client.get(f"/jobs/{job['id']}").json()["status"] == "running"
        answer = running.client.get("/readyz")
        assert answer.status_code == 200
        assert answer.elapsed.total_seconds() < 5
