"""The table of error rates by dissimilarity, measured on any folder of labelled faces."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.accuracy.predictor import Examiner
from bench.accuracy.kit import InvalidKit
from bench.accuracy.pairs import PairCounts
from models.calibration.rates import Calibration
from models.field import Field
from models.networks.template import decode
from models.services.template_extractor import FaceTemplateDetector

# From where hardly a pair of one person is, to where nearly all pairs of two people are.
THRESHOLDS = np.linspace(0.15, 1.1, 64)

_LABELS = "labels.csv"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


def calibrate(folder: Path, examiner: Examiner) -> str:
    """The calibration of a folder, as csv that `Calibration.of_csv` reads.

    Args:
        folder: holds one folder of photos per person, or a `labels.csv` with the columns path (relative to the folder)
            and label (the same for all photos of a person). Photos without a face are left out, and counted.
        examiner: runs the service that extracts templates.

    Raises:
        InvalidKit: the folder is not like this, or has not two photos of one person and one of another.
        ModelError: a model is missing, or the engine failed.
    """
    labelled = labelled_photos(folder)
    faces = examiner.subjects([photo for photo, _ in labelled], FaceTemplateDetector)
    known = [(face, label) for face, (_, label) in zip(faces, labelled, strict=True) if face is not None]
    embeddings = np.array([decode(face.values[Field.TEMPLATE]) for face, _ in known], np.float32)
    counts = PairCounts.of(embeddings, [label for _, label in known], THRESHOLDS)
    if not counts.genuine_pairs or not counts.impostor_pairs:
        raise InvalidKit(f"{folder} has not both pairs of one person and pairs of two")
    people = len({label for _, label in known})
    return Calibration(counts.thresholds, counts.fa_r, counts.fr_r).to_csv(
        [
            f"How often {', '.join(examiner.models(FaceTemplateDetector))} err: all pairs of {len(known)} photos of",
            f"{people} people, {counts.genuine_pairs} genuine and {counts.impostor_pairs} impostor pairs. In",
            f"{len(faces) - len(known)} further photos no face was found.",
            f"With so few pairs, nothing is known of rates below {3 / counts.impostor_pairs:.0e} (fa_r) and",
            f"{3 / counts.genuine_pairs:.0e} (fr_r), even where they stand as 0.",
        ]
    )


def labelled_photos(folder: Path) -> list[tuple[Path, str]]:
    """The photos of a folder and whom they show; those that are listed without a label are left out.

    Raises:
        InvalidKit: there are none.
    """
    file = folder / _LABELS
    found = list(_listed(file) if file.is_file() else _sorted_into_folders(folder))
    if not found:
        raise InvalidKit(f"{folder} holds neither {_LABELS} nor folders of photos")
    return found


def _listed(file: Path) -> Iterable[tuple[Path, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            if "path" not in line or "label" not in line:
                raise InvalidKit(f"{file} has no columns path and label")
            if line["label"]:
                yield file.parent / line["path"], line["label"]


def _sorted_into_folders(folder: Path) -> Iterable[tuple[Path, str]]:
    for photo in sorted(folder.glob("*/*")):
        if photo.suffix.lower() in _SUFFIXES:
            yield photo, photo.parent.name
