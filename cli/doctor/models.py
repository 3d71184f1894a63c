"""Checks of the models: their files are there and intact, and the device runs them."""

from collections.abc import Iterator

from cli.doctor.finding import Finding
from config.settings import Settings
from models.catalogue import services
from models.errors import ModelError, WeightsMissing
from models.weights.cache import is_intact, stored_weights, weights_path
from models.weights.registry import WEIGHTS


def needed(settings: Settings) -> list[str]:
    """The names of the models that the services of a deployment need."""
    return sorted({model for service in services(settings.modules).values() for model in service.weights})


def weights(settings: Settings) -> Iterator[Finding]:
    """The files of the models, with their hashes."""
    names = needed(settings)
    for name in names:
        try:
            stored_weights(name, settings.weights_dir)
        except WeightsMissing as error:
            yield Finding("weights", "error", str(error), "faceline weights pull")
            return
    damaged = [name for name in names if not is_intact(WEIGHTS[name], settings.weights_dir)]
    if damaged:
        remedy = f"delete their files in {settings.weights_dir}, then: faceline weights pull"
        yield Finding("weights", "error", f"other content than was stored: {', '.join(damaged)}", remedy)
    else:
        yield Finding.ok("weights", f"{len(names)} models in {settings.weights_dir}, each with its SHA-256")


def device(settings: Settings) -> Iterator[Finding]:
    """The device: the smallest model runs on it."""
    # Imported here: onnxruntime may be missing, and a check of its own says so.
    try:
        from models.runtime.onnxruntime import OrtSession
        from models.runtime.session import run_zeros
    except ModuleNotFoundError as error:
        yield Finding("device", "error", f"{settings.device}: {error.name} is not installed", "see onnxruntime")
        return
    try:
        paths = [weights_path(name, settings.weights_dir) for name in needed(settings)]
        smallest = min(paths, key=lambda path: path.stat().st_size)
        ms = run_zeros(OrtSession(smallest, settings.engine))
    except WeightsMissing:
        yield Finding("device", "warning", f"{settings.device}: not tried, a model is missing", "faceline weights pull")
    except ModelError as error:
        remedy = "docs/gpu.md says what a GPU needs; FACELINE_DEVICE=cpu works everywhere"
        yield Finding("device", "error", f"{settings.device}: {error}", remedy)
    else:
        yield Finding.ok("device", f"{settings.device} runs {smallest.stem} in {ms:.1f} ms")
