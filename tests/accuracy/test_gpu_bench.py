import json
import os
from pathlib import Path

import pytest

from bench.gpu import FITTER, crowd, main, measure, table
from bench.speed.workbench import run_services
from config.engine import Engine
from config.settings import default_weights_dir
from models.catalogue import services
from models.runtime.session import SessionSource

pytestmark = pytest.mark.weights

FOLDER = Path(os.environ.get("FACELINE_WEIGHTS_DIR") or default_weights_dir())


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has a GPU")
def test_without_a_gpu_the_benchmark_says_so(
    sessions: SessionSource, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--out", str(tmp_path)]) == 1
    assert "no figures: " in (message := capsys.readouterr().err)
    assert "FACELINE_DEVICE=cuda needs: " in message
    assert not list(tmp_path.iterdir())


def test_the_crowd_has_sixteen_faces(sessions: SessionSource) -> None:
    assert len(run_services([services()[FITTER](sessions)], crowd()).objects) == 16


def test_the_benchmark_runs_on_the_cpu(sessions: SessionSource) -> None:
    report = measure(services(), FOLDER, Engine(max_rows=2), threads=2, seconds=0.01)
    assert report["faces_per_photo"] == 16
    # The mesh runs at least twice per face.
    assert report["rows_per_photo"]["facemesh 192x192x3"] >= 32
    assert set(report["rows_per_s"]["yunet"]) == {"1", "2"}
    assert report["ratio"] > 0
    assert json.loads(json.dumps(report)) == report
    assert "= 1.00" in table(report)
