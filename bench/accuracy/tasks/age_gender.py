"""How far estimated ages are off."""

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from models.services.age_estimator import AgeEstimator

TASK = "age_gender"
_GROUPS = ((0, 3), (4, 9), *((decade, decade + 9) for decade in range(10, 80, 10)), (80, 130))


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Mean absolute errors in years: per source, and per group of the ages that the kit balances."""
    labels = kit.labels(TASK)
    portraits = [label for label in kit.portraits() if label.known("age")]
    groups = [
        (
            f"mean absolute error, {start} to {end} years",
            [label for label in labels if start <= label.number("age") <= end],
            sources(labels),
        )
        for start, end in _GROUPS
    ]
    return [
        _figure(examiner, "mean absolute error", labels, f"{sources(labels)}; as many of each age group"),
        _figure(examiner, "mean absolute error", portraits, f"portraits ({sources(portraits, 'set')}), ages as stated"),
        *(_figure(examiner, name, group, note) for name, group, note in groups),
    ]


def _figure(examiner: Examiner, name: str, labels: list[Label], note: str) -> Figure:
    ages = examiner.judged(photos(labels), AgeEstimator)
    errors = [age - label.number("age") for age, label in zip(ages, labels, strict=True) if age is not None]
    return Figure.error(name, errors, ages.count(None), note, "years")
