from pathlib import Path

from config.engine import Engine
from models.runtime.providers import providers

SHAPE: list[int | str | None] = ["n", 3, None, None]


def test_the_cpu_has_no_options() -> None:
    assert list(providers(Engine("cpu"), "input", SHAPE)) == [("CPUExecutionProvider", {})]


def test_cuda_keeps_to_what_it_needs_and_to_exact_arithmetic() -> None:
    ((name, options),) = providers(Engine("cuda", card=1, memory_mb=2048), "input", SHAPE)
    assert name == "CUDAExecutionProvider"
    assert options == {
        "device_id": "1",
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "HEURISTIC",
        "use_tf32": "0",
        "gpu_mem_limit": str(2048 * 1024 * 1024),
    }


def test_tensorrt_builds_once_for_all_sizes_and_leaves_the_rest_to_cuda() -> None:
    (name, options), (follower, _) = providers(Engine("tensorrt", max_rows=16), "input", SHAPE)
    assert (name, follower) == ("TensorrtExecutionProvider", "CUDAExecutionProvider")
    assert options["trt_profile_min_shapes"] == "input:1x3x32x32"
    assert options["trt_profile_max_shapes"] == "input:16x3x640x640"
    assert options["trt_fp16_enable"] == "0"
    assert "trt_engine_cache_enable" not in options


def test_tensorrt_keeps_what_it_built(tmp_path: Path) -> None:
    (_, options), _ = providers(Engine("tensorrt", engine_dir=tmp_path), "input", ["n", 112, 112, 3])
    assert options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "1"
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"] == str(tmp_path)
    assert options["trt_profile_min_shapes"] == "input:1x112x112x3"


def test_fast_arithmetic_is_a_choice() -> None:
    (_, tensorrt), (_, cuda) = providers(Engine("tensorrt", fast_math=True), "input", SHAPE)
    assert tensorrt["trt_fp16_enable"] == cuda["use_tf32"] == "1"
