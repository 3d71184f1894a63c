"""Thresholds by cross-validation: what a threshold is worth on photos that it was not chosen on.

A threshold that was chosen on all photos fits them too closely, and so do the figures beside it. Here, a threshold is
chosen on four fifths of the photos and judged on the other fifth, many times.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bench.accuracy.figures import Figure
from bench.accuracy.folds import FOLDS, REPEATS, folds
from bench.accuracy.kit import InvalidKit, Kit, photos, sources
from bench.accuracy.precision import LEAST_PRECISION, counts_at, precise_threshold
from bench.accuracy.predictor import Predictor
from bench.accuracy.tasks import body, emotion, eyes, mask
from models.calibration.shares import balanced
from models.networks.emotions import NEUTRAL_BIAS, Emotions, sharpened
from models.networks.mask import THRESHOLD as MASK_THRESHOLD
from models.quality.eyes import THRESHOLD as EYES_THRESHOLD
from models.services.body_detector import BodyDetector
from models.services.mask_estimator import MaskEstimator
from models.services.quality_estimator import QualityAssessmentEstimator

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_BIASES = np.linspace(0, 3, 61)
_HOW = f"{REPEATS} times {FOLDS} folds"


def measure_mask(kit: Kit, predictor: Predictor) -> list[Figure]:
    """The share of the mask network from which a face counts as masked."""
    labels = kit.labels(mask.FOLDER)
    portraits = kit.portraits()
    answers = predictor.estimate(photos([*labels, *portraits]), MaskEstimator)
    worn = [label["label"] != mask.BARE for label in labels] + [False] * len(portraits)
    known = [(answer.confidence, truth) for answer, truth in zip(answers, worn, strict=True) if answer is not None]
    # Undoes the shift of the service.
    shares = [balanced(confidence, 1 - MASK_THRESHOLD) for confidence, _ in known]
    note = f"{sources(labels)} and portraits"
    return _two_classes(shares, [truth for _, truth in known], MASK_THRESHOLD, ("masked", "bare"), note)


def measure_eyes(kit: Kit, predictor: Predictor) -> list[Figure]:
    """The score of the quality assessment from which an eye counts as open."""
    labels = [label for label in kit.labels(eyes.FOLDER) if label["eyes"] in (eyes.OPEN, eyes.CLOSED)]
    answers = predictor.estimate(photos(labels), QualityAssessmentEstimator)
    scores, opened = [], []
    for label, answer in zip(labels, answers, strict=True):
        if answer is not None:
            scores += [answer.left_eye_openness_score, answer.right_eye_openness_score]
            opened += [label["eyes"] == eyes.OPEN] * 2
    return _two_classes(scores, opened, EYES_THRESHOLD, ("open", "closed"), f"{sources(labels)}; eyes, two per photo")


def measure_emotion(kit: Kit, predictor: Predictor) -> list[Figure]:
    """How much the logarithm of the share of "neutral" is lowered."""
    answers, labels = emotion.answered(kit, predictor)
    scores = np.log([astuple(sharpened(answer)) for answer in answers])
    neutral = [field.name for field in fields(Emotions)].index("neutral")
    # right[b, n]: with each bias, whether each answer is the labelled emotion.
    lowered = np.repeat(scores[None], len(_BIASES), axis=0)
    lowered[:, :, neutral] += NEUTRAL_BIAS - _BIASES[:, None]
    right = lowered.argmax(axis=2) == np.array(labels)
    chosen, held_out_right = [], []
    for chosen_on, held_out in folds(len(labels)):
        chosen.append(_best_bias(right[:, chosen_on]))
        held_out_right.extend(right[int(np.abs(_BIASES - chosen[-1]).argmin()), held_out].tolist())
    in_use = right[int(np.abs(_BIASES - NEUTRAL_BIAS).argmin())].tolist()
    return [
        *_chosen(NEUTRAL_BIAS, _best_bias(right), chosen, len(labels), "subtracted from the logarithm of neutral"),
        Figure("accuracy, held-out folds", float(np.mean(held_out_right)), len(labels), 0, f"{_HOW}; found faces only"),
        Figure.share("accuracy, threshold in use", in_use, 0, "found faces only"),
    ]


def _best_bias(right: Flags) -> float:
    """The bias with the most right answers; of several equally good ones, the middle one."""
    hits = right.sum(axis=1)
    return float(np.median(_BIASES[hits == hits.max()]))


def measure_body(kit: Kit, predictor: Predictor) -> list[Figure]:
    """The confidence from which a box counts as a body: precise in four of five resamplings of the photos."""
    labels = kit.labels(body.FOLDER)
    scored = body.scored_photos(kit, predictor, _EveryBody)
    chosen, found = [], np.zeros(3)
    for chosen_on, held_out in folds(len(scored)):
        chosen.append(precise_threshold([scored[row] for row in chosen_on]))
        found += counts_at([scored[row] for row in held_out], chosen[-1])
    in_use = BodyDetector.min_confidence
    note = f"{sources(labels)}; precision {LEAST_PRECISION} in four of five resamplings"
    return [
        *_chosen(in_use, precise_threshold(scored), chosen, len(scored), f"{note}; photos"),
        *_recall_and_precision(found, REPEATS, "held-out folds"),
        *_recall_and_precision(counts_at(scored, in_use), 1, "threshold in use"),
    ]


class _EveryBody(BodyDetector):
    """Also gives the boxes that the service is not sure enough of."""

    min_confidence = 0.1


Measure = Callable[[Kit, Predictor], list[Figure]]
THRESHOLDS: Mapping[str, tuple[str, Measure]] = MappingProxyType(
    {
        "mask": (mask.FOLDER, measure_mask),
        "eyes": (eyes.FOLDER, measure_eyes),
        "emotion": (emotion.FOLDER, measure_emotion),
        "body": (body.FOLDER, measure_body),
    }
)
"""The thresholds by task: the folder of the kit, and what measures them."""


def measured_thresholds(kit: Kit, predictor: Predictor) -> Iterable[tuple[str, list[Figure]]]:
    """Yields the name and the figures of each threshold that the kit has labels for.

    Raises:
        InvalidKit: the kit has no labels for any of them, or lacks a file or a column.
        ModelError: a model is missing, or the engine failed.
    """
    known = [name for name, (folder, _) in THRESHOLDS.items() if kit.has(folder)]
    if not known:
        raise InvalidKit(f"{kit.folder} has labels for none of {', '.join(THRESHOLDS)}")
    for name in known:
        yield name, THRESHOLDS[name][1](kit, predictor)


def fewest_errors(scores: Floats, positive: Flags) -> float:
    """The threshold with the lowest mean of both error rates; of several equally good ones, the middle one.

    Args:
        scores: (n,); those from the threshold on count as positive.
        positive: (n,), the truth.
    """
    values = np.unique(scores)
    candidates = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2])
    missed = np.searchsorted(np.sort(scores[positive]), candidates) / max(positive.sum(), 1)
    rejected = np.searchsorted(np.sort(scores[~positive]), candidates) / max((~positive).sum(), 1)
    errors = missed - rejected
    return float(np.median(candidates[errors <= errors.min() + 1e-12]))


def _two_classes(
    scores: Sequence[float], positive: Sequence[bool], in_use: float, names: tuple[str, str], note: str
) -> list[Figure]:
    values, truth = np.array(scores, np.float64), np.array(positive, np.bool_)
    chosen: list[float] = []
    wrong: tuple[list[bool], list[bool]] = ([], [])
    for chosen_on, held_out in folds(len(values)):
        chosen.append(fewest_errors(values[chosen_on], truth[chosen_on]))
        called = values[held_out] >= chosen[-1]
        wrong[0].extend((~called[truth[held_out]]).tolist())
        wrong[1].extend(called[~truth[held_out]].tolist())
    called = values >= in_use
    now = ((~called[truth]).tolist(), called[~truth].tolist())
    figures = _chosen(in_use, fewest_errors(values, truth), chosen, len(values), note)
    for kind, (verdicts, present) in enumerate(zip(wrong, now, strict=True)):
        name = f"{names[kind]} called {names[1 - kind]}"
        figures += [
            Figure(f"{name}, held-out folds", float(np.mean(verdicts)), len(present), 0, f"{_HOW}; found faces only"),
            Figure.share(f"{name}, threshold in use", present, 0, "found faces only"),
        ]
    return figures


def _chosen(in_use: float, on_all: float, chosen: Sequence[float], count: int, note: str) -> list[Figure]:
    low, middle, high = np.quantile(chosen, [0.1, 0.5, 0.9]).tolist()
    return [
        Figure("threshold in use", in_use, count, 0, note),
        Figure("threshold chosen on all photos", on_all, count, 0, note),
        Figure(
            "threshold by cross-validation, median",
            middle,
            count,
            0,
            f"{_HOW}; {low:.3f} to {high:.3f} in eight of ten",
        ),
    ]


def _recall_and_precision(found: Floats, repeats: int, where: str) -> list[Figure]:
    right, wrong, targets = (found / repeats).tolist()
    return [
        Figure(f"recall, {where}", right / max(targets, 1), round(targets), round(targets - right), "bodies"),
        Figure(f"precision, {where}", right / max(right + wrong, 1), round(right + wrong), 0, "boxes"),
    ]
