"""`manifest.json`: what a run was asked for, with which models it worked, and what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bulk.errors import IncompatibleRun
from bulk.output.folder import Counts, write_json


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is asked for. All of it has to stay the same for a run to go on where another one ended.

    Attributes:
        source: as the user named it, local paths absolute.
        models: SHA-256 of each model that the services run.
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
class Record:
    """What is known of the runs on one folder.

    Attributes:
        runs: when each began and ended, and how many inputs it did; None where it was killed.
        counts: None as long as something is left to be done.
    """

    task: Task
    versions: Mapping[str, str]
    runs: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, Any] | None = None

    def begin(self) -> None:
        """Note that a run begins."""
        self.counts = None
        self.runs.append({"began": _now(), "ended": None, "seconds": None, "inputs": None})

    def end(self, seconds: float, inputs: int) -> None:
        """Note that the run has come to an end, or was interrupted."""
        self.runs[-1] |= {"ended": _now(), "seconds": round(seconds, 3), "inputs": inputs}

    def complete(self, counts: Counts, inputs: int) -> None:
        """Note that nothing is left to be done."""
        self.counts = {"inputs": inputs, "succeeded": inputs - counts.failed, **asdict(counts)}

    def save(self, folder: Path) -> None:
        """Write it down."""
        write_json(
            folder / "manifest.json",
            {"state": "completed" if self.counts else "incomplete", **asdict(self)},
        )


def open_record(folder: Path, task: Task, *, resume: bool) -> Record:
    """The record of a folder, to which a run is to be added.

    Args:
        folder: of the output.
        task: what the run is asked for.
        resume: go on where an earlier one ended.

    Raises:
        IncompatibleRun: the earlier run was asked for something else.
    """
    fresh = Record(task, {"faceline": version("faceline"), "pyarrow": version("pyarrow")})
    path = folder / "manifest.json"
    if not resume or not path.exists():
        return fresh
    try:
        known = json.loads(path.read_text("utf-8"))
        earlier, runs = known["task"], list(known["runs"])
    except (ValueError, KeyError, TypeError) as error:
        raise IncompatibleRun(f"{path} is no record of a run; choose another folder, or --no-resume") from error
    asked = json.loads(json.dumps(asdict(task)))
    if changed := [
        f"{key} was {earlier.get(key)}, now {asked[key]}" for key in asked if earlier.get(key) != asked[key]
    ]:
        raise IncompatibleRun(
            f"the run in {folder} was another one: {'; '.join(changed)}; choose another folder, or --no-resume"
        )
    fresh.runs = runs
    return fresh


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
