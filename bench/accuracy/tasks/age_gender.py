"""Errors of estimated ages and genders; both tasks read the same folder of a kit."""

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.reliability import reliability
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import GenderEstimator

FOLDER = "age_gender"
_AGE_GROUPS = ((0, 3), (4, 9), *((decade, decade + 9) for decade in range(10, 80, 10)), (80, 130))
_CHILD_BELOW_YEARS = 10


def measure_age(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures mean absolute errors in years: over the task's photos, over portraits, and per age group."""
    labels = kit.labels(FOLDER)
    portraits = [label for label in kit.portraits() if label.known("age")]
    groups = [
        (
            f"mean absolute error, {start} to {end} years",
            [label for label in labels if start <= label.number("age") <= end],
            sources(labels),
        )
        for start, end in _AGE_GROUPS
    ]
    return [
        _age_error(predictor, "mean absolute error", labels, f"{sources(labels)}; as many of each age group"),
        _age_error(
            predictor, "mean absolute error", portraits, f"portraits ({sources(portraits, 'set')}), ages as stated"
        ),
        *(_age_error(predictor, name, group, note) for name, group, note in groups),
    ]


def measure_gender(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures the accuracy on people from ten years on, on younger children, and on portraits, and reliability."""
    labels = kit.labels(FOLDER)
    portraits = [label for label in kit.portraits() if label.known("gender")]
    older = [label for label in labels if label.number("age") >= _CHILD_BELOW_YEARS]
    children = [label for label in labels if label.number("age") < _CHILD_BELOW_YEARS]
    note = sources(labels)
    return [
        _gender_accuracy(predictor, "accuracy, ≥ 10 years", older, note),
        _gender_accuracy(predictor, "accuracy, < 10 years", children, note),
        _gender_accuracy(
            predictor, "accuracy", portraits, f"portraits ({sources(portraits, 'set')}), gender as stated"
        ),
        *_gender_reliability(predictor, [*labels, *portraits], f"{note} and portraits"),
    ]


def _age_error(predictor: Predictor, name: str, labels: list[Label], note: str) -> Figure:
    ages = predictor.estimate(photos(labels), AgeEstimator)
    errors = [age - label.number("age") for age, label in zip(ages, labels, strict=True) if age is not None]
    return Figure.error(name, errors, ages.count(None), note, "years")


def _gender_accuracy(predictor: Predictor, name: str, labels: list[Label], note: str) -> Figure:
    answers = predictor.estimate(photos(labels), GenderEstimator)
    right = [
        answer is not None and answer.value == label["gender"] for answer, label in zip(answers, labels, strict=True)
    ]
    return Figure.share(name, right, answers.count(None), note)


def _gender_reliability(predictor: Predictor, labels: list[Label], note: str) -> list[Figure]:
    answers = predictor.estimate(photos(labels), GenderEstimator)
    shares, truth = [], []
    for answer, label in zip(answers, labels, strict=True):
        if answer is not None and answer.confidence is not None:
            male = answer.confidence if answer.value == "male" else 1 - answer.confidence
            shares.append((1 - male, male))
            truth.append(int(label["gender"] == "male"))
    return reliability(shares, truth, answers.count(None), note)
