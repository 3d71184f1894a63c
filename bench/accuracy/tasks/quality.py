"""Whether the scores of quality-assessment-estimator fall as photos get worse."""

from statistics import median

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, grouped, photos
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import mean, spearman
from models.quality.quality import Quality
from models.services.quality_estimator import QualityAssessmentEstimator

FOLDER = "quality"
_ORIGINAL = "original"
_TOTAL = "total_score"
# The score that each kind of degradation should lower, besides the total.
_SCORE_OF_KIND = {
    "blur": "sharpness_score",
    "lowres": "sharpness_score",
    "noise": "noise_score",
    "dark": "illumination_score",
    "bright": "illumination_score",
}
_CLEAN = (_TOTAL, "sharpness_score", "illumination_score", "noise_score")


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures rank correlations between degradation and score, and the median scores of clean portraits.

    A portrait and its copies, each more degraded than the last, are one ladder; each kind of degradation has several.
    A photo in which no face is found scores 0.
    """
    labels = kit.labels(FOLDER)
    answers = predictor.estimate(photos(labels), QualityAssessmentEstimator)
    answer_of = dict(zip(photos(labels), answers, strict=True))
    kinds = grouped(labels, "kind")
    originals = {label["base"]: label for label in kinds.pop(_ORIGINAL, [])}
    figures = []
    for kind, group in kinds.items():
        ladders = [
            sorted([*([originals[base]] if base in originals else []), *copies], key=_order)
            for base, copies in grouped(group, "base").items()
        ]
        lost = sum(answer_of[photo] is None for photo in photos(group))
        for score in dict.fromkeys((_SCORE_OF_KIND.get(kind, _TOTAL), _TOTAL)):
            values = [[_score(answer_of[photo], score) for photo in photos(ladder)] for ladder in ladders]
            orders = [[_order(label) for label in ladder] for ladder in ladders]
            kept = [-spearman(order, scores) for order, scores in zip(orders, values, strict=True)]
            note = f"{len(ladders)} portraits; mean rank correlation, 1 = falls with every step"
            figures.append(Figure(f"{kind}: {score} falls", mean(kept), sum(map(len, ladders)), lost, note))
    return [*figures, *_clean(kit, predictor)]


def _clean(kit: Kit, predictor: Predictor) -> list[Figure]:
    answers = predictor.estimate(photos(kit.portraits()), QualityAssessmentEstimator)
    return [
        Figure(
            f"{score} of clean portraits, median",
            median([_score(answer, score) for answer in answers]),
            len(answers),
            answers.count(None),
            "portraits",
            "of 100",
        )
        for score in _CLEAN
        if answers
    ]


def _score(answer: Quality | None, name: str) -> int:
    return 0 if answer is None else int(getattr(answer, name))


def _order(label: Label) -> float:
    """The position of a photo in its ladder; higher is more degraded."""
    return label.number("expected_order")
