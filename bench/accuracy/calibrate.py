"""Measures the error rates of face templates by distance, on labelled faces: the table that verify-matcher reads."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bench.accuracy.kit import InvalidKit
from bench.accuracy.pairs import PairCounts
from bench.accuracy.predictor import Predictor
from models.calibration.rates import Calibration
from models.networks.template import decode
from models.output import TEMPLATE
from models.services.template_extractor import FaceTemplateDetector

# From a distance that few genuine pairs are below, to one that nearly all impostor pairs are below.
THRESHOLDS = np.linspace(0.15, 1.1, 64)

_LABELS = "labels.csv"
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


def calibrate(folder: Path, predictor: Predictor) -> str:
    """Measures a calibration, and gives it as CSV that `Calibration.of_csv` reads.

    Args:
        folder: has one folder of photos per person, or a `labels.csv` with the columns path (relative to the folder)
            and label (the same for all photos of a person). Photos without a face are left out and counted.
        predictor: runs the service that extracts templates.

    Raises:
        InvalidKit: the folder has another layout, or does not have two photos of one person and one of another.
        ModelError: a model is missing, or the engine failed.
    """
    labelled = labelled_photos(folder)
    faces = predictor.main_faces([photo for photo, _ in labelled], FaceTemplateDetector)
    templates = [TEMPLATE.of(face.values) if face is not None else None for face in faces]
    known = [
        (template, label) for template, (_, label) in zip(templates, labelled, strict=True) if template is not None
    ]
    embeddings = np.array([decode(template) for template, _ in known], np.float32)
    counts = PairCounts.of(embeddings, [label for _, label in known], THRESHOLDS)
    if not counts.genuine_pairs or not counts.impostor_pairs:
        raise InvalidKit(
            f"{folder} lacks two photos of one person or a photo of another; a calibration needs both kinds of pairs"
        )
    people = len({label for _, label in known})
    return Calibration(counts.thresholds, counts.fa_r, counts.fr_r).to_csv(
        [
            f"Error rates of {', '.join(predictor.models(FaceTemplateDetector))}: all pairs of {len(known)} photos of",
            f"{people} people, {counts.genuine_pairs} genuine and {counts.impostor_pairs} impostor pairs.",
            f"{len(faces) - len(known)} further photos are left out: no face was found in them.",
            f"This number of pairs cannot show rates below {3 / counts.impostor_pairs:.0e} (fa_r) and",
            f"{3 / counts.genuine_pairs:.0e} (fr_r): a 0 in the table means less than that.",
        ]
    )


def labelled_photos(folder: Path) -> list[tuple[Path, str]]:
    """The photos of a folder, each with the label of its person; photos listed without a label are left out.

    Raises:
        InvalidKit: the folder has no labelled photos.
    """
    file = folder / _LABELS
    found = list(_listed(file) if file.is_file() else _sorted_into_folders(folder))
    if not found:
        raise InvalidKit(f"{folder} has neither {_LABELS} nor folders of photos")
    return found


def _listed(file: Path) -> Iterable[tuple[Path, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            if "path" not in line or "label" not in line:
                raise InvalidKit(f"{file} lacks the column path or label")
            if line["label"]:
                yield file.parent / line["path"], line["label"]


def _sorted_into_folders(folder: Path) -> Iterable[tuple[Path, str]]:
    for photo in sorted(folder.glob("*/*")):
        if photo.suffix.lower() in _SUFFIXES:
            yield photo, photo.parent.name
