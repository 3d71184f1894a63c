"""Reads a labelled kit: folders of photos with labels in CSV files. `docs/accuracy.md` describes the layout."""

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
    """A kit lacks a file, a column or a value, or a photo of it cannot be read."""

    type: ClassVar[str] = "invalid_kit"


@dataclass(frozen=True, slots=True)
class Label:
    """The labels of one photo or object: a line of a CSV file.

    Attributes:
        file: the CSV file.
        values: the texts by column.
    """

    file: Path
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """The text in a column.

        Raises:
            InvalidKit: the file has no such column.
        """
        try:
            return self.values[column]
        except KeyError as error:
            raise InvalidKit(f"{self.file} has no column {column}") from error

    def known(self, column: str) -> bool:
        """Whether a column has a value: an empty text and NA mean unknown.

        Raises:
            InvalidKit: the file has no such column.
        """
        return self[column] not in _UNKNOWN

    def number(self, column: str) -> float:
        """The number in a column.

        Raises:
            InvalidKit: the file has no such column, or its text is not a number.
        """
        try:
            return float(self[column])
        except ValueError as error:
            raise InvalidKit(f"{self.file}: {column} is not a number: {self[column]!r}") from error

    def photo(self, column: str = "path") -> Path:
        """The photo that a column names by its path relative to the CSV file.

        Raises:
            InvalidKit: the file has no such column.
        """
        return (self.file.parent / self[column]).resolve()

    def box(self) -> Box:
        """The labelled box: (4,) float64, x1, y1, x2, y2 in pixels.

        Raises:
            InvalidKit: the file lacks one of these columns, or a text is not a number.
        """
        return np.array([self.number(column) for column in ("x1", "y1", "x2", "y2")])

    def points(self, *names: str) -> Points:
        """The labelled points in the columns `<name>_x` and `<name>_y`: (n, 2) float64 in pixels.

        Raises:
            InvalidKit: the file lacks one of these columns, or a text is not a number.
        """
        return np.array([[self.number(f"{name}_x"), self.number(f"{name}_y")] for name in names])


@dataclass(frozen=True, slots=True)
class Kit:
    """One half of a kit.

    Attributes:
        folder: the folder of the kit.
        half: the subfolder of each task that is read; settings are tuned on one half and quality is claimed on another.
    """

    folder: Path
    half: str

    def labels(self, task: str, name: str = "labels.csv") -> list[Label]:
        """The lines of a CSV file of a task.

        Raises:
            InvalidKit: the kit has no such file.
        """
        file = self._file(task, name)
        with file.open(newline="", encoding="utf-8") as lines:
            return [Label(file, line) for line in csv.DictReader(lines)]

    def portraits(self) -> list[Label]:
        """The portraits, which several tasks use besides their own photos; empty if the kit has none."""
        return self.labels(_PORTRAITS) if self.has(_PORTRAITS) else []

    def json(self, task: str, name: str) -> Any:
        """The content of a JSON file of a task.

        Raises:
            InvalidKit: the kit has no such file, or it is not JSON.
        """
        file = self._file(task, name)
        try:
            return json.loads(file.read_bytes())
        except ValueError as error:
            raise InvalidKit(f"{file} is not JSON: {error}") from error

    def has(self, task: str) -> bool:
        """Whether the kit has labels for a task."""
        return (self.folder / task / self.half / "labels.csv").is_file()

    def photo(self, task: str, path: str) -> Path:
        """The photo at a path relative to the folder of a task."""
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
    """The values of a column, each once, for the note of a figure: by default the sources of the photos."""
    return ", ".join(dict.fromkeys(label[column] for label in labels))


def grouped(labels: Iterable[Label], column: str) -> dict[str, list[Label]]:
    """The lines by their value in a column, in the order in which the values first appear."""
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(label[column], []).append(label)
    return groups
