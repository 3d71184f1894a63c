"""Measures the error rates of face templates by distance, on labelled faces: the table that verify-matcher reads."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.accuracy.kit import InvalidKit
from bench.accuracy.look_alikes import FA_R, MOST_YEARS, Traits
from bench.accuracy.pairs import PairCounts
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import wilson_interval
from models.calibration.operating_points import STEPS_PER_DISSIMILARITY, max_distance
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
            and label (the same for all photos of a person; a column subject goes first). With the columns gender, age,
            and race or ethnicity, look-alikes are counted too. Photos without a face are left out and counted.
        predictor: runs the service that extracts templates.

    Raises:
        InvalidKit: the folder has another layout, or does not have two photos of one person and one of another.
        ModelError: a model is missing, or the engine failed.
    """
    labelled = labelled_photos(folder)
    faces = predictor.main_faces([photo.path for photo in labelled], FaceTemplateDetector)
    templates = [TEMPLATE.of(face.values) if face is not None else None for face in faces]
    known = [(template, photo) for template, photo in zip(templates, labelled, strict=True) if template is not None]
    embeddings = np.array([decode(template) for template, _ in known], np.float32)
    people = [photo.person for _, photo in known]
    counts = PairCounts.of(embeddings, people, THRESHOLDS, [photo.traits for _, photo in known])
    if not counts.genuine_pairs or not counts.impostor_pairs:
        raise InvalidKit(
            f"{folder} lacks two photos of one person or a photo of another; a calibration needs both kinds of pairs"
        )
    look_alike_rate = counts.look_alike_rate if counts.look_alike_pairs else None
    calibration = Calibration(counts.thresholds, counts.fa_r, counts.fr_r, look_alike_rate)
    return calibration.to_csv(
        [
            f"Error rates of {', '.join(predictor.models(FaceTemplateDetector))}: all pairs of {len(known)} photos of",
            f"{len(set(people))} people, {counts.genuine_pairs} genuine and {counts.impostor_pairs} impostor pairs.",
            f"{len(faces) - len(known)} further photos are left out: no face was found in them.",
            f"This number of pairs cannot show rates below {3 / counts.impostor_pairs:.0e} (fa_r) and",
            f"{3 / counts.genuine_pairs:.0e} (fr_r): a 0 in the table means less than that.",
            *_look_alikes(calibration, counts),
        ]
    )


def _look_alikes(calibration: Calibration, counts: PairCounts) -> list[str]:
    """Remarks on how often look-alikes are accepted where a given share of all impostors is."""
    if not counts.look_alike_pairs:
        return ["Without look-alikes: labels.csv lacks the columns gender, age, and race or ethnicity, or such pairs."]
    remarks = [
        f"look_alike_rate: {counts.look_alike_pairs} impostor pairs of one sex and origin, with ages within",
        f"{MOST_YEARS} years. Accepted at each fa_r (95 % intervals as if pairs shared no photos):",
    ]
    for fa_r in FA_R:
        # Lower rates than one of all pairs are not measured.
        if fa_r * counts.impostor_pairs >= 1:
            rate = calibration.look_alike_rate(max_distance(calibration, fa_r) / STEPS_PER_DISSIMILARITY)
            low, high = wilson_interval(round(rate * counts.look_alike_pairs), counts.look_alike_pairs)
            remarks.append(f"  fa_r {fa_r:g}: {rate:.4f} ({low:.4f} to {high:.4f})")
    return remarks


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo of a person.

    Attributes:
        path: of the photo.
        person: the same for all photos of a person.
        traits: of the person, if they are labelled.
    """

    path: Path
    person: str
    traits: Traits | None = None


def labelled_photos(folder: Path) -> list[LabelledPhoto]:
    """The photos of a folder, each with its person; photos listed without a label are left out.

    Raises:
        InvalidKit: the folder has no labelled photos.
    """
    file = folder / _LABELS
    found = list(_listed(file) if file.is_file() else _sorted_into_folders(folder))
    if not found:
        raise InvalidKit(f"{folder} has neither {_LABELS} nor folders of photos")
    return found


def _listed(file: Path) -> Iterable[LabelledPhoto]:
    with file.open(newline="", encoding="utf-8") as lines:
        for line in csv.DictReader(lines):
            if "path" not in line or "label" not in line:
                raise InvalidKit(f"{file} lacks the column path or label")
            person = line.get("subject") or line["label"]
            if person:
                yield LabelledPhoto(file.parent / line["path"], person, Traits.of(line))


def _sorted_into_folders(folder: Path) -> Iterable[LabelledPhoto]:
    for photo in sorted(folder.glob("*/*")):
        if photo.suffix.lower() in _SUFFIXES:
            yield LabelledPhoto(photo, photo.parent.name)
