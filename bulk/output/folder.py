"""The folder that a run writes to: a part for each chunk, whole or not there at all.

A part bears the number of its chunk and the fingerprint of the inputs in it; that it is there says that the chunk is
done. Its errors are put in place before it.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bulk.errors import OutputTaken
from bulk.inputs import Input, InputChunk
from bulk.output.formats import Format, PhotoResult
from pipelines.chunk import Failure

Failed = tuple[Input, Failure]
_PART = re.compile(r"part-(\d+)-([0-9a-f]{8})\.(parquet|jsonl)")


@dataclass(frozen=True, slots=True)
class Counts:
    """What lies in a folder.

    Attributes:
        rows: of the results, in all parts.
        failed: inputs that are among the errors.
    """

    parts: int
    rows: int
    failed: int


class Output:
    """The parts and errors below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = folder / "parts"
        self._errors = folder / "errors"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keeps other runs out of the folder.

        Raises:
            OutputTaken: another run is in it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise OutputTaken(f"another run writes to {self.folder}") from error
        with lock:
            for path in self.folder.glob("*/.*.tmp"):
                path.unlink()
            yield

    def done(self) -> dict[int, str]:
        """The chunks that are done: numbers and fingerprints."""
        names = (_PART.fullmatch(path.name) for path in self._listed(self._parts))
        return {int(name[1]): name[2] for name in names if name}

    def write(self, chunk: InputChunk, form: Format, results: Sequence[PhotoResult], failed: Sequence[Failed]) -> None:
        """Write a chunk down, as if in one step."""
        self._parts.mkdir(exist_ok=True)
        self._errors.mkdir(exist_ok=True)
        errors = self._errors / f"errors-{chunk.number:08d}.jsonl"
        if failed:
            with _replacing(errors) as path:
                path.write_text("".join(_line(photo, failure) for photo, failure in failed), "utf-8")
        else:
            # An earlier attempt may have ended between its errors and its part.
            errors.unlink(missing_ok=True)
        with _replacing(self._parts / f"part-{chunk.number:08d}-{chunk.fingerprint}.{form.suffix}") as path:
            form.write(path, results)

    def finish(self, form: Format) -> Counts:
        """Put the errors together, and count."""
        failed = 0
        with _replacing(self.folder / "errors.jsonl") as path, path.open("wb") as whole:
            for part in sorted(self._listed(self._errors)):
                lines = part.read_bytes()
                failed += lines.count(b"\n")
                whole.write(lines)
        parts = [path for path in self._listed(self._parts) if _PART.fullmatch(path.name)]
        return Counts(len(parts), sum(form.count(path) for path in parts), failed)

    def clear(self) -> None:
        """Remove what earlier runs have written."""
        for folder in (self._parts, self._errors):
            shutil.rmtree(folder, ignore_errors=True)
        (self.folder / "errors.jsonl").unlink(missing_ok=True)

    def _listed(self, folder: Path) -> Iterator[Path]:
        with suppress(FileNotFoundError):
            yield from (path for path in folder.iterdir() if not path.name.startswith("."))


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file, as if in one step."""
    with _replacing(path) as new:
        new.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name to write to; what is written there is on disk before it takes its own name."""
    temporary = path.with_name(f".{path.name}.tmp")
    yield temporary
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def _line(photo: Input, failure: Failure) -> str:
    return json.dumps({"image": photo.name, **failure.model_dump()}, ensure_ascii=False) + "\n"
