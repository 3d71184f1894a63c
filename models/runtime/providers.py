"""The execution providers of onnxruntime for an engine, and their options."""

from collections.abc import Mapping, Sequence

from config.engine import Engine

Providers = Sequence[tuple[str, Mapping[str, str]]]
"""Names and options, the preferred one first; operations that it cannot run go to the next."""

LARGEST_SIDE = 640
"""The largest height and width that services give a model whose height and width are free."""
_LEAST_SIDE = 32
_MEGABYTE = 1 << 20


def providers(engine: Engine, name: str, shape: Sequence[int | str | None]) -> Providers:
    """The providers for a model.

    Args:
        engine: what the model runs on.
        name: of the model's input.
        shape: of the model's input; a free length is None or a name.
    """
    if engine.device == "cpu":
        return [("CPUExecutionProvider", {})]
    cuda = ("CUDAExecutionProvider", _cuda(engine))
    if engine.device == "cuda":
        return [cuda]
    return [("TensorrtExecutionProvider", _tensorrt(engine, name, shape)), cuda]


def _cuda(engine: Engine) -> dict[str, str]:
    options = {
        "device_id": str(engine.card),
        # The default, powers of two, takes up to twice the memory that is needed and never frees it.
        "arena_extend_strategy": "kSameAsRequested",
        # The default, an exhaustive search, takes seconds for each model and size of batch.
        "cudnn_conv_algo_search": "HEURISTIC",
        # TensorFloat-32 has ten bits of mantissa; it is on by default.
        "use_tf32": str(int(engine.fast_math)),
    }
    if engine.memory_mb is not None:
        options["gpu_mem_limit"] = str(engine.memory_mb * _MEGABYTE)
    return options


def _tensorrt(engine: Engine, name: str, shape: Sequence[int | str | None]) -> dict[str, str]:
    def profile(rows: int, side: int) -> str:
        lengths = [rows, *(length if isinstance(length, int) else side for length in shape[1:])]
        return f"{name}:{'x'.join(map(str, lengths))}"

    options = {
        "device_id": str(engine.card),
        "trt_fp16_enable": str(int(engine.fast_math)),
        # One engine for all sizes of batches and images; without these, each new size would build another one.
        "trt_profile_min_shapes": profile(1, _LEAST_SIDE),
        "trt_profile_opt_shapes": profile(engine.max_rows, LARGEST_SIDE),
        "trt_profile_max_shapes": profile(engine.max_rows, LARGEST_SIDE),
    }
    if engine.engine_dir is not None:
        folder = str(engine.engine_dir)
        options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": folder}
        options |= {"trt_timing_cache_enable": "1", "trt_timing_cache_path": folder}
    return options
