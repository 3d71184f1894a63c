"""A labelled kit: photos in folders, and what is true of them in csv files. `docs/accuracy.md` describes the layout."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from config.errors import FacelineError
from models.imaging.geometry import Box, Points

_PORTRAITS = "portraits"
_UNKNOWN = ("", "NA")


class InvalidKit(FacelineError):
    """A kit lacks something, or is not laid out as it has to be."""

    type: ClassVar[str] = "invalid_kit"


@dataclass(frozen=True, slots=True)
class Label:
    """A line of a csv file.

    Attributes:
        file: where it stands, for errors.
        values: by column, as they are written.
    """

    file: Path
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """What it says in a column.

        Raises:
            InvalidKit: there is no such column.
        """
        try:
            return self.values[column]
        except KeyError as error:
            raise InvalidKit(f"{self.file} has no column {column}") from error

    def known(self, column: str) -> bool:
        """Whether it says anything in a column: the empty text and NA do not."""
        return self[column] not in _UNKNOWN

    def number(self, column: str) -> float:
        """The number in a column.

        Raises:
            InvalidKit: there is no such column, or no number in it.
        """
        try:
            return float(self[column])
        except ValueError as error:
            raise InvalidKit(f"{self.file}: {column} is no number: {self[column]!r}") from error

    def photo(self, column: str = "path") -> Path:
        """The photo that a column names, relative to the folder of the csv file."""
        return (self.file.parent / self[column]).resolve()

    def box(self) -> Box:
        """(4,) float64: x1, y1, x2, y2 in pixels."""
        return np.array([self.number(column) for column in ("x1", "y1", "x2", "y2")])

    def points(self, *names: str) -> Points:
        """(n, 2) float64: the points in the columns `<name>_x` and `<name>_y`."""
        return np.array([[self.number(f"{name}_x"), self.number(f"{name}_y")] for name in names])


@dataclass(frozen=True, slots=True)
class Kit:
    """One half of a kit.

    Attributes:
        folder: that of the kit.
        half: the part of each task that is read: settings are tuned on one half, claims are made on another.
    """

    folder: Path
    half: str

    def labels(self, task: str, name: str = "labels.csv") -> list[Label]:
        """The lines of a csv file of a task.

        Raises:
            InvalidKit: there is no such file.
        """
        file = self._file(task, name)
        with file.open(newline="", encoding="utf-8") as lines:
            return [Label(file, line) for line in csv.DictReader(lines)]

    def portraits(self) -> list[Label]:
        """The portraits, which several tasks look at besides their own photos; none if the kit has none."""
        return self.labels(_PORTRAITS) if self.has(_PORTRAITS) else []

    def json(self, task: str, name: str) -> Any:
        """What a JSON file of a task holds.

        Raises:
            InvalidKit: there is no such file, or it is no JSON.
        """
        file = self._file(task, name)
        try:
            return json.loads(file.read_bytes())
        except ValueError as error:
            raise InvalidKit(f"{file} is no JSON: {error}") from error

    def has(self, task: str) -> bool:
        """Whether there is anything for a task."""
        return (self.folder / task / self.half / "labels.csv").is_file()

    def photo(self, task: str, path: str) -> Path:
        """The photo that a path in a file of a task means."""
        return (self.folder / task / self.half / path).resolve()

    def _file(self, task: str, name: str) -> Path:
        file = self.folder / task / self.half / name
        if not file.is_file():
            raise InvalidKit(f"the kit has no {file.relative_to(self.folder)}")
        return file


def photos(labels: Iterable[Label]) -> list[Path]:
    """The photo of each line."""
    return [label.photo() for label in labels]


def sources(labels: Iterable[Label], column: str = "source") -> str:
    """Where photos come from, as the kit says it: each source once."""
    return ", ".join(dict.fromkeys(label[column] for label in labels))


def grouped(labels: Iterable[Label], column: str) -> dict[str, list[Label]]:
    """Lines by what they say in a column, in the order in which that first appears."""
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(label[column], []).append(label)
    return groups
