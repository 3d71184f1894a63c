"""The switch `NOISE`, with which the suite shows that no test depends on how a processor rounds."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.runtime.onnxruntime import OrtSession
from tests.conftest import NOISE
from tests.unit.models.weights.toys import ROW, scaling_model

CODE = """
import sys
import numpy as np
import pytest
from pathlib import Path
from models.runtime.onnxruntime import OrtSession

session = OrtSession(Path(sys.argv[1]))
np.save(sys.argv[2], [session.run(np.ones((1, 1, 4, 4), np.float32))["617"] for _ in range(20)])
"""


def answers(folder: Path, noise: str | None) -> NDArray[np.float32]:
    """What a model that doubles ones answers when it is asked twenty times in a process of its own."""
    model, found = folder / "doubling.onnx", folder / "found.npy"
    model.write_bytes(scaling_model(2))
    environment = {name: value for name, value in os.environ.items() if name not in ("NOISE", "PYTHONPATH")}
    environment |= {"PYTHONPATH": str(NOISE)} | ({"NOISE": noise} if noise else {})
    subprocess.run([sys.executable, "-P", "-c", CODE, str(model), str(found)], env=environment, check=True)
    return np.asarray(np.load(found), np.float32)


def test_with_the_switch_answers_differ_from_call_to_call_by_no_more_than_it_says(tmp_path: Path) -> None:
    found = answers(tmp_path, noise="1e-4")
    off = np.abs(found / 2 - 1)
    assert len({answer.tobytes() for answer in found}) == len(found)
    assert 5e-5 < off.max() < 1.01e-4


def test_without_the_switch_answers_are_the_same(tmp_path: Path) -> None:
    assert (answers(tmp_path, noise=None) == 2).all()


@pytest.mark.skipif("NOISE" not in os.environ, reason="this run is without noise")
def test_the_tests_of_this_run_have_the_noise_themselves(tmp_path: Path) -> None:
    model = tmp_path / "doubling.onnx"
    model.write_bytes(scaling_model(2))
    session = OrtSession(model)
    first, second = (session.run(np.ones((1, *ROW), np.float32))["617"] for _ in range(2))
    assert (first != second).any()
