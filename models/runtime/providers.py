"""What onnxruntime is asked for: its execution providers and their options."""

from collections.abc import Mapping, Sequence

from config.engine import Engine

Providers = Sequence[tuple[str, Mapping[str, str]]]
"""Names and options, the preferred one first; what it cannot run goes to the next."""

LARGEST_SIDE = 640
"""The largest height and width that services ask of a model that leaves them free."""
_LEAST_SIDE = 32
_MEGABYTE = 1 << 20


def providers(engine: Engine, name: str, shape: Sequence[int | str | None]) -> Providers:
    """The providers for a model.

    Args:
        engine: on what it runs.
        name: of the model's input.
        shape: of the model's input; free lengths are None or have a name.
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
        # Powers of two would take up to twice what is needed, and never give it back.
        "arena_extend_strategy": "kSameAsRequested",
        # The exhaustive search, which is the default, takes seconds per model and size of a batch.
        "cudnn_conv_algo_search": "HEURISTIC",
        # On by default, with ten bits of mantissa.
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
        # One build for all sizes of batches and images; without it each new one would start another.
        "trt_profile_min_shapes": profile(1, _LEAST_SIDE),
        "trt_profile_opt_shapes": profile(engine.max_rows, LARGEST_SIDE),
        "trt_profile_max_shapes": profile(engine.max_rows, LARGEST_SIDE),
    }
    if engine.engine_dir is not None:
        folder = str(engine.engine_dir)
        options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": folder}
        options |= {"trt_timing_cache_enable": "1", "trt_timing_cache_path": folder}
    return options
