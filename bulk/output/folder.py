"""The output folder: one part file per chunk, and the errors of each chunk.

The name of a part file holds the number of its chunk and the fingerprint of the inputs in it. A part file is complete
or absent, and is written after the errors of its chunk: a chunk is done if its part file exists.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bulk.errors import IncompatibleRun, OutputTaken
from bulk.inputs import Input, InputChunk
from bulk.output.formats import Format, PhotoResult
from pipelines.chunk import Failure

FailedInput = tuple[Input, Failure]
_PART = re.compile(r"part-(\d+)-([0-9a-f]{8})\.(parquet|csv|jsonl)")
_CHANGED = "the source has changed since the run began; choose another folder, or --no-resume"


@dataclass(frozen=True, slots=True)
class OutputCounts:
    """What an output folder holds.

    Attributes:
        rows: of all part files.
        failed: inputs among the errors.
    """

    parts: int
    rows: int
    failed: int


class Output:
    """The part files and errors in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = folder / "parts"
        self._errors = folder / "errors"

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Locks the folder against other runs, and removes unfinished files of an earlier one.

        Raises:
            OutputTaken: another run writes to the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise OutputTaken(
                f"another run writes to {self.folder}; wait for its end, or choose another --out"
            ) from error
        with lock:
            for path in self.folder.glob("*/.*.tmp"):
                path.unlink()
            yield

    def done(self) -> dict[int, str]:
        """The chunks that are done: numbers and fingerprints."""
        names = (_PART.fullmatch(path.name) for path in self._listed(self._parts))
        return {int(name[1]): name[2] for name in names if name}

    def write(
        self, chunk: InputChunk, form: Format, results: Sequence[PhotoResult], failed: Sequence[FailedInput]
    ) -> None:
        """Write the errors of a chunk, then its part file."""
        self._parts.mkdir(exist_ok=True)
        self._errors.mkdir(exist_ok=True)
        errors = self._errors / f"errors-{chunk.number:08d}.jsonl"
        if failed:
            with _replacing(errors) as path:
                path.write_text("".join(_line(photo, failure) for photo, failure in failed), "utf-8")
        else:
            # An earlier run may have stopped between the errors and the part file.
            errors.unlink(missing_ok=True)
        with _replacing(self._parts / f"part-{chunk.number:08d}-{chunk.fingerprint}.{form.suffix}") as path:
            form.write(path, results)

    def finish(self, form: Format) -> OutputCounts:
        """Write the errors of all chunks into one file, and count the results."""
        failed = 0
        with _replacing(self.folder / "errors.jsonl") as path, path.open("wb") as whole:
            for part in sorted(self._listed(self._errors)):
                lines = part.read_bytes()
                failed += lines.count(b"\n")
                whole.write(lines)
        parts = [path for path in self._listed(self._parts) if _PART.fullmatch(path.name)]
        return OutputCounts(len(parts), sum(form.count(path) for path in parts), failed)

    def clear(self) -> None:
        """Remove the results of earlier runs."""
        for folder in (self._parts, self._errors):
            shutil.rmtree(folder, ignore_errors=True)
        (self.folder / "errors.jsonl").unlink(missing_ok=True)

    def _listed(self, folder: Path) -> Iterator[Path]:
        with suppress(FileNotFoundError):
            yield from (path for path in folder.iterdir() if not path.name.startswith("."))


@dataclass(slots=True)
class Remaining:
    """The chunks that are not done yet. Can be read once.

    Attributes:
        chunks: all chunks, in order.
        done: the numbers and fingerprints of the chunks that are done.
        skipped: called with the number of inputs of each chunk that is done.
        inputs: read so far, done or not.
    """

    chunks: Iterable[InputChunk]
    done: Mapping[int, str]
    skipped: Callable[[int], None] = lambda _: None
    inputs: int = 0

    def __iter__(self) -> Iterator[InputChunk]:
        """The chunks, in order.

        Raises:
            IncompatibleRun: a part file was made of other inputs.
        """
        count = 0
        for chunk in self.chunks:
            count += 1
            self.inputs += len(chunk.inputs)
            fingerprint = self.done.get(chunk.number)
            if fingerprint is None:
                yield chunk
            elif fingerprint != chunk.fingerprint:
                raise IncompatibleRun(f"{_CHANGED} (chunk {chunk.number}, from {chunk.inputs[0].name} on)")
            else:
                self.skipped(len(chunk.inputs))
        if any(number >= count for number in self.done):
            raise IncompatibleRun(f"{_CHANGED} (it has fewer inputs)")


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step."""
    with _replacing(path) as new:
        # The path of a source may have bytes that are no text.
        new.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8", "backslashreplace")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path; what is written there is flushed to disk, and then replaces the file at `path`."""
    temporary = path.with_name(f".{path.name}.tmp")
    yield temporary
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def _line(photo: Input, failure: Failure) -> str:
    return json.dumps({"image": photo.name, **failure.model_dump()}, ensure_ascii=False) + "\n"
