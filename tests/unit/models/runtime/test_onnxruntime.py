"""Real sessions on drawn-up models, on the CPU."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from config.engine import Device, Engine
from models.errors import ModelError, OutOfMemory, ProviderMissing
from models.runtime.onnxruntime import OrtSession
from models.runtime.session import run_zeros
from tests.tolerances import assert_outputs_alike

needs_no_gpu = pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has a GPU")


def stored(path: Path, *nodes: onnx.NodeProto, shape: list[int | str], constants: dict[str, list[int]]) -> Path:
    """A model from `input` to `output`."""
    graph = helper.make_graph(
        list(nodes),
        "drawn up",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [helper.make_tensor(name, TensorProto.INT64, [len(values)], values) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


@pytest.fixture
def doubling(tmp_path: Path) -> Path:
    node = helper.make_node("Add", ["input", "input"], ["output"])
    return stored(tmp_path / "doubling.onnx", node, shape=["n", 3, "h", "w"], constants={})


def test_outputs_come_by_their_names(doubling: Path) -> None:
    batch = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    assert_outputs_alike(OrtSession(doubling).run(batch)["output"], 2 * batch)


def test_a_batch_may_be_laid_out_in_any_way(doubling: Path) -> None:
    batch = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3).transpose(0, 3, 1, 2)
    assert_outputs_alike(OrtSession(doubling).run(batch)["output"], 2 * batch)


def test_zeros_have_the_shape_that_a_model_takes(doubling: Path) -> None:
    session = OrtSession(doubling)
    assert session.zeros(4).shape == (4, 3, 640, 640)
    assert run_zeros(session, 2) > 0


def test_a_file_that_is_missing_or_no_model_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    for name in ("missing.onnx", "text.onnx"):
        with pytest.raises(ModelError, match=f"{name} does not load"):
            OrtSession(tmp_path / name)


def test_a_batch_of_the_wrong_shape_is_a_model_error(doubling: Path) -> None:
    with pytest.raises(ModelError, match="inference failed") as caught:
        OrtSession(doubling).run(np.zeros((1, 4, 2, 2), np.float32))
    assert not isinstance(caught.value, OutOfMemory)


def test_running_out_of_memory_is_an_error_of_its_own(tmp_path: Path) -> None:
    # 64 TiB per row: the same arena refuses them that serves a GPU.
    node = helper.make_node("Expand", ["input", "shape"], ["output"])
    path = stored(tmp_path / "huge.onnx", node, shape=["n", 1], constants={"shape": [1, 1 << 44]})
    with pytest.raises(OutOfMemory, match="Failed to allocate memory"):
        OrtSession(path).run(np.zeros((1, 1), np.float32))


@needs_no_gpu
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_device_that_cannot_be_used_is_an_error_that_says_what_to_install(device: Device, doubling: Path) -> None:
    with pytest.raises(ProviderMissing, match=rf"FACELINE_DEVICE={device} needs: .*docs/gpu\.md"):
        OrtSession(doubling, Engine(device))
