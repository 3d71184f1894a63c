"""Whether scores of quality fall as photos get worse."""

from statistics import median

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, grouped, photos
from bench.accuracy.statistics import mean, spearman
from models.quality.quality import Quality
from models.services.quality_estimator import QualityAssessmentEstimator

TASK = "quality"
_ORIGINAL = "original"
_TOTAL = "total_score"
# The score that names what each kind of degradation does.
_NAMED = {
    "blur": "sharpness_score",
    "lowres": "sharpness_score",
    "noise": "noise_score",
    "dark": "illumination_score",
    "bright": "illumination_score",
}
_CLEAN = (_TOTAL, "sharpness_score", "illumination_score", "noise_score")


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """How well scores keep the order of ever worse copies, per kind of degradation; and what clean portraits score.

    A photo in which no face is found scores 0.
    """
    labels = kit.labels(TASK)
    answers = examiner.judged(photos(labels), QualityAssessmentEstimator)
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
        for score in dict.fromkeys((_NAMED.get(kind, _TOTAL), _TOTAL)):
            values = [[_score(answer_of[photo], score) for photo in photos(ladder)] for ladder in ladders]
            orders = [[_order(label) for label in ladder] for ladder in ladders]
            kept = [-spearman(order, scores) for order, scores in zip(orders, values, strict=True)]
            note = f"{len(ladders)} portraits; mean rank correlation, 1 = falls with every step"
            figures.append(Figure(f"{kind}: {score} falls", mean(kept), sum(map(len, ladders)), lost, note))
    return [*figures, *_clean(kit, examiner)]


def _clean(kit: Kit, examiner: Examiner) -> list[Figure]:
    answers = examiner.judged(photos(kit.portraits()), QualityAssessmentEstimator)
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
    return label.number("expected_order")
