"""Runs the tasks of a labelled kit, and writes their figures as a table and as JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bench.accuracy.figures import Figure, Report, to_json, to_markdown
from bench.accuracy.kit import InvalidKit, Kit
from bench.accuracy.predictor import Predictor
from bench.accuracy.tasks import (
    age_gender,
    body,
    detection,
    emotion,
    eyes,
    groups,
    landmarks,
    liveness,
    mask,
    pose,
    quality,
    strangers,
    turned,
    verification,
)


class Task(NamedTuple):
    """One task of a kit.

    Attributes:
        folder: the kit's folder with the labels of this task.
        measure: computes the figures of this task.
    """

    folder: str
    measure: Callable[[Kit, Predictor], list[Figure]]


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "detection": Task(detection.FOLDER, detection.measure),
        "landmarks": Task(landmarks.FOLDER, landmarks.measure),
        "pose": Task(pose.FOLDER, pose.measure),
        "age": Task(age_gender.FOLDER, age_gender.measure_age),
        "gender": Task(age_gender.FOLDER, age_gender.measure_gender),
        "emotion": Task(emotion.FOLDER, emotion.measure),
        "mask": Task(mask.FOLDER, mask.measure),
        "verification": Task(verification.FOLDER, verification.measure),
        "strangers": Task(strangers.FOLDER, strangers.measure),
        "liveness": Task(liveness.FOLDER, liveness.measure),
        "body": Task(body.FOLDER, body.measure),
        "eyes": Task(eyes.FOLDER, eyes.measure),
        "quality": Task(quality.FOLDER, quality.measure),
        "groups": Task(groups.FOLDER, groups.measure),
        "turned": Task(turned.FOLDER, turned.measure),
    }
)
"""The tasks by name, in the order of the results table."""


def measured(kit: Kit, predictor: Predictor, chosen: Sequence[str] = ()) -> Iterator[tuple[str, list[Figure]]]:
    """Yields the name and the figures of each task; figures without photos in the kit are left out.

    Args:
        kit: the labelled photos.
        predictor: runs the services.
        chosen: names of tasks; by default all tasks that the kit has labels for.

    Raises:
        InvalidKit: no task has one of these names, or the kit lacks a file or a column.
        ModelError: a model is missing, or the engine failed.
    """
    unknown = sorted(set(chosen) - TASKS.keys())
    if unknown:
        raise InvalidKit(f"no such task: {', '.join(unknown)}; choose from {', '.join(TASKS)}")
    names = [name for name, task in TASKS.items() if name in chosen or (not chosen and kit.has(task.folder))]
    if not names:
        raise InvalidKit(f"{kit.folder} has no {'/'.join(('<task>', kit.half, 'labels.csv'))}")
    for name in names:
        figures = [figure for figure in TASKS[name].measure(kit, predictor) if figure.n]
        # The models of all tasks together would take several gigabytes.
        predictor.unload()
        yield name, figures


def save(report: Report, kit: Kit, predictor: Predictor, file: Path, title: str = "Accuracy") -> list[Path]:
    """Writes the figures as Markdown, under a title, and as JSON: the same path with the suffixes `.md` and `.json`.

    Returns:
        The files written.
    """
    about = {"version": version("faceline"), "half": kit.half, "models": predictor.models()}
    markdown, data = file.with_suffix(".md"), file.with_suffix(".json")
    file.parent.mkdir(parents=True, exist_ok=True)
    markdown.write_text(f"# {title}, half {kit.half}\n\n{to_markdown(report)}", encoding="utf-8")
    data.write_text(to_json(report, about), encoding="utf-8")
    return [markdown, data]
