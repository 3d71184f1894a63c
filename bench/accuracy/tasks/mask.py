"""How often masks are missed, and bare faces taken for masked."""

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from models.services.mask_estimator import MaskEstimator

TASK = "mask"
_BARE, _INCORRECT = "no_mask", "incorrect"


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Error rates; a mask that is worn wrongly is a mask. A face that was not found is an error of each rate."""
    labels = kit.labels(TASK)
    bare = [label for label in labels if label["label"] == _BARE]
    masked = [label for label in labels if label["label"] != _BARE]
    incorrect = [label for label in masked if label["label"] == _INCORRECT]
    portraits = kit.portraits()
    called_masked, bare_lost = _errors(examiner, bare, masked=False)
    called_bare, masked_lost = _errors(examiner, masked, masked=True)
    right = [not error for error in called_masked + called_bare]
    return [
        Figure.share("accuracy", right, bare_lost + masked_lost, sources(labels)),
        Figure.share("bare called masked", called_masked, bare_lost, sources(bare)),
        Figure.share("masked called bare", called_bare, masked_lost, f"{sources(masked)}; worn wrongly included"),
        Figure.share("worn wrongly called bare", *_errors(examiner, incorrect, masked=True), sources(incorrect)),
        Figure.share("bare called masked, portraits", *_errors(examiner, portraits, masked=False), "portraits"),
    ]


def _errors(examiner: Examiner, labels: list[Label], *, masked: bool) -> tuple[list[bool], int]:
    """Which of the answers are wrong, and how many faces were not found."""
    answers = examiner.judged(photos(labels), MaskEstimator)
    return [answer is None or answer.value != masked for answer in answers], answers.count(None)
