"""How often faces are taken for the gender that the kit says."""

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from models.services.gender_estimator import GenderEstimator

TASK = "age_gender"
_CHILD = 10


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Accuracy from ten years on, below, and on portraits."""
    labels = kit.labels(TASK)
    portraits = [label for label in kit.portraits() if label.known("gender")]
    older = [label for label in labels if label.number("age") >= _CHILD]
    children = [label for label in labels if label.number("age") < _CHILD]
    note = sources(labels)
    return [
        _figure(examiner, "accuracy, ≥ 10 years", older, note),
        _figure(examiner, "accuracy, < 10 years", children, note),
        _figure(examiner, "accuracy", portraits, f"portraits ({sources(portraits, 'set')}), gender as stated"),
    ]


def _figure(examiner: Examiner, name: str, labels: list[Label], note: str) -> Figure:
    answers = examiner.judged(photos(labels), GenderEstimator)
    right = [
        answer is not None and answer.value == label["gender"] for answer, label in zip(answers, labels, strict=True)
    ]
    return Figure.share(name, right, answers.count(None), note)
