"""All tasks, or some, on a kit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bench.accuracy import (
    age,
    body,
    detection,
    emotion,
    eyes,
    gender,
    landmarks,
    liveness,
    mask,
    pose,
    quality,
    verification,
)
from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure, Report, to_json, to_markdown
from bench.accuracy.kit import InvalidKit, Kit

Measure = Callable[[Kit, Examiner], list[Figure]]


class Task(NamedTuple):
    """One task of a kit.

    Attributes:
        folder: of the kit, that holds what it needs.
        measure: gives its figures.
    """

    folder: str
    measure: Measure


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        module.__name__.rpartition(".")[2]: Task(module.TASK, module.measure)
        for module in (
            detection,
            landmarks,
            pose,
            age,
            gender,
            emotion,
            mask,
            verification,
            liveness,
            body,
            eyes,
            quality,
        )
    }
)


def measured(kit: Kit, examiner: Examiner, chosen: Sequence[str] = ()) -> Iterator[tuple[str, list[Figure]]]:
    """The figures of each task, one after the other; what a kit has no photos for is left out.

    Args:
        kit: what is true.
        examiner: runs the services.
        chosen: the tasks; by default those for which the kit has labels.

    Raises:
        InvalidKit: a task is none, or the kit lacks something that it needs.
        ModelError: a model is missing, or the engine failed.
    """
    unknown = sorted(set(chosen) - TASKS.keys())
    if unknown:
        raise InvalidKit(f"no such task: {', '.join(unknown)}; there are {', '.join(TASKS)}")
    names = [name for name, task in TASKS.items() if name in chosen or (not chosen and kit.has(task.folder))]
    if not names:
        raise InvalidKit(f"{kit.folder} has no {'/'.join(('<task>', kit.half, 'labels.csv'))}")
    for name in names:
        yield name, [figure for figure in TASKS[name].measure(kit, examiner) if figure.n]


def save(report: Report, kit: Kit, examiner: Examiner, file: Path) -> list[Path]:
    """Write the table as markdown and as JSON, beside each other.

    Returns:
        What was written.
    """
    about = {"version": version("faceline"), "half": kit.half, "models": examiner.models()}
    markdown, data = file.with_suffix(".md"), file.with_suffix(".json")
    file.parent.mkdir(parents=True, exist_ok=True)
    markdown.write_text(f"# Accuracy, half {kit.half}\n\n{to_markdown(report)}", encoding="utf-8")
    data.write_text(to_json(report, about), encoding="utf-8")
    return [markdown, data]
