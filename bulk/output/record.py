"""`manifest.json`: the options of a run, the models that it used, and the results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bulk.errors import IncompatibleRun
from bulk.output.folder import OutputCounts, write_json
from bulk.passed_over import PassedOver

_REMEDY = "choose another folder, or --no-resume"


@dataclass(frozen=True, slots=True)
class RunTask:
    """The options of a run that decide the results. A run continues an earlier one only if all are equal.

    Attributes:
        source: as the user named it, local paths absolute.
        models: the SHA-256 of each model that the services run.
        order: "source", or "shuffled" and the seed.
    """

    source: str
    services: Sequence[str]
    models: Mapping[str, str]
    chunk: int
    order: str
    limit: int | None
    format: str
    column: str
    on_error: str


@dataclass(slots=True)
class RunRecord:
    """The runs that wrote to a folder.

    Attributes:
        runs: when each began and ended, and how many inputs it finished; None for a run that was killed.
        counts: of the results, and of the files of the source that are not among them; None until all chunks are done.
    """

    task: RunTask
    versions: Mapping[str, str]
    runs: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] | None = None

    def begin(self) -> None:
        """Add a run that begins now."""
        self.counts = None
        self.runs.append({"began": _now(), "ended": None, "seconds": None, "inputs": None})

    def end(self, seconds: float, inputs: int) -> None:
        """Note the end of the run, complete or interrupted."""
        self.runs[-1] |= {"ended": _now(), "seconds": round(seconds, 3), "inputs": inputs}

    def complete(self, counts: OutputCounts, inputs: int, passed_over: PassedOver) -> None:
        """Note that all chunks are done."""
        self.counts = {"inputs": inputs, "succeeded": inputs - counts.failed, **asdict(counts)}
        self.counts["passed_over"] = passed_over.kinds

    def save(self, folder: Path) -> None:
        """Write `manifest.json`."""
        write_json(
            folder / "manifest.json",
            {"state": "completed" if self.counts else "incomplete", **asdict(self)},
        )


def open_record(folder: Path, task: RunTask, *, resume: bool) -> RunRecord:
    """The record of an output folder, with its earlier runs.

    Args:
        folder: of the output.
        task: of the run that is about to begin.
        resume: continue the earlier run; otherwise the record is a new one.

    Raises:
        IncompatibleRun: the earlier run had other options.
    """
    fresh = RunRecord(task, {"faceline": version("faceline"), "pyarrow": version("pyarrow")})
    path = folder / "manifest.json"
    if not resume or not path.exists():
        return fresh
    try:
        known = json.loads(path.read_text("utf-8"))
        earlier, runs = known["task"], list(known["runs"])
    except (ValueError, KeyError, TypeError) as error:
        raise IncompatibleRun(f"{path} is not the manifest of a run; {_REMEDY}") from error
    now = json.loads(json.dumps(asdict(task)))
    keys = [key for key in now if earlier.get(key) != now[key]]
    if "services" in keys and "models" in keys:
        keys.remove("models")  # other services have other models
    if changed := [_difference(key, earlier.get(key), now[key]) for key in keys]:
        raise IncompatibleRun(f"{folder} holds a run with other options: {'; '.join(changed)}; {_REMEDY}")
    fresh.runs, fresh.counts = runs, known.get("counts")
    return fresh


def recorded_models(folder: Path) -> Mapping[str, str]:
    """The names and SHA-256 of the models of the earlier runs; none if there is no manifest that can be read."""
    try:
        return dict(json.loads((folder / "manifest.json").read_text("utf-8"))["task"]["models"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _difference(option: str, earlier: Any, now: Any) -> str:
    """In words, what differs between the option of an earlier run and that of a new one."""
    if option == "models" and isinstance(earlier, dict):
        # Hashes say nothing to people.
        names = sorted(name for name in earlier.keys() | now.keys() if earlier.get(name) != now.get(name))
        return f"the models were other ones: {', '.join(names)}"
    was = "were" if option == "services" else "was"
    return f"{option} {was} {_in_words(earlier)}, now {_in_words(now)}"


def _in_words(value: Any) -> str:
    if value is None:
        return "not set"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
