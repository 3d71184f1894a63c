"""What callers ask for while a stack is disturbed: real photos, and plans from light to heavy."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from random import Random
from typing import Any

from models.networks.template import decode as decode_template
from pipelines.presets import PRESETS

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "cli" / "photos", ROOT / "bench" / "photos", ROOT / "tests" / "photos")
DETECTOR = "face-detector-face-fitter"

LIGHT: Sequence[Sequence[str]] = (
    (DETECTOR,),
    (DETECTOR, "age-estimator"),
    (DETECTOR, "template-extractor"),
    ("body-detector",),
)
HEAVY: Sequence[Sequence[str]] = (PRESETS["face-analysis"], PRESETS["enrolment"])
HEAVY_SHARE = 0.15
"""The share of heavy plans."""

POISON = b"faceline-poison"
"""Kills the worker that decodes a photo with it: see `sabotage/sitecustomize.py`."""
NUMBER_TOLERANCE = 1e-3
"""How far two numbers of one photo may differ, relative and absolute: the machine and the models are the same."""
LEAST_COSINE = 0.999
"""Of two templates of one photo."""


@dataclass(frozen=True, slots=True)
class Work:
    """One photo, and the services to run on it.

    Attributes:
        photo: its name in `photos`.
        poisoned: whether it kills the worker that decodes it.
    """

    photo: str
    services: tuple[str, ...]
    poisoned: bool = False

    def __str__(self) -> str:
        return f"{self.photo}, {' + '.join(self.services)}{', poisoned' if self.poisoned else ''}"


def shipped_photos() -> dict[str, bytes]:
    """The photos that come with Faceline, by name; in a checkout, those of the tests too."""
    files = [file for folder in FOLDERS for file in sorted(folder.glob("*.jpg"))]
    return {file.name: file.read_bytes() for file in files}


def encoded(photos: Mapping[str, bytes], work: Work) -> bytes:
    """The photo of some work, encoded; poisoned if the work says so."""
    photo = photos[work.photo]
    return poisoned(photo) if work.poisoned else photo


def poisoned(photo: bytes) -> bytes:
    """The same JPEG with a comment that kills the worker that decodes it."""
    length = (len(POISON) + 2).to_bytes(2, "big")
    return photo[:2] + b"\xff\xfe" + length + POISON + photo[2:]


def sample_of(photo: bytes) -> Json:
    """A v2 sample with a photo and nothing else."""
    return {"_image": {"blob": b64encode(photo).decode(), "format": "IMAGE"}}


def draw(random: Random, names: Sequence[str]) -> Work:
    """Some work: mostly light, sometimes heavy.

    Args:
        random: draws it.
        names: of the photos to choose from.
    """
    plans = HEAVY if random.random() < HEAVY_SHARE else LIGHT
    return Work(random.choice(names), tuple(random.choice(plans)))


def all_work(names: Sequence[str]) -> list[Work]:
    """Each photo with each plan."""
    return [Work(name, tuple(plan)) for name in names for plan in (*LIGHT, *HEAVY)]


def alike(found: Any, expected: Any) -> bool:
    """Whether two results of one photo are the same, but for the last digits of numbers.

    Keys, lengths, texts and decisions must be equal. Templates are compared by their cosine. The image may be missing.
    """
    if isinstance(expected, dict):
        if not isinstance(found, dict) or _without_image(found).keys() != _without_image(expected).keys():
            return False
        return all(
            _templates_alike(found[key], value) if key == "template" else alike(found[key], value)
            for key, value in _without_image(expected).items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(alike, found, expected))
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        return is_number and isclose(found, expected, rel_tol=NUMBER_TOLERANCE, abs_tol=NUMBER_TOLERANCE)
    return bool(found == expected)


def _without_image(sample: Json) -> Json:
    return {key: value for key, value in sample.items() if key != "_image"}


def _templates_alike(found: Any, expected: Any) -> bool:
    def embedding(template: Any) -> Any:
        ((_, array),) = template.items()
        return decode_template(b64decode(array["blob"]))

    return float(embedding(found) @ embedding(expected)) >= LEAST_COSINE
