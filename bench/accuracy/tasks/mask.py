"""Error rates of mask-estimator: masks that it misses, and bare faces that it calls masked."""

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.reliability import reliability
from models.services.mask_estimator import MaskEstimator

FOLDER = "mask"
BARE, _INCORRECT = "no_mask", "incorrect"


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures accuracy, error rates and reliability.

    A mask that is worn wrongly counts as a mask. A face that is not found counts as an error in each rate.
    """
    labels = kit.labels(FOLDER)
    bare = [label for label in labels if label["label"] == BARE]
    masked = [label for label in labels if label["label"] != BARE]
    incorrect = [label for label in masked if label["label"] == _INCORRECT]
    portraits = kit.portraits()
    called_masked, bare_lost = _errors(predictor, bare, masked=False)
    called_bare, masked_lost = _errors(predictor, masked, masked=True)
    right = [not error for error in called_masked + called_bare]
    return [
        Figure.share("accuracy", right, bare_lost + masked_lost, sources(labels)),
        Figure.share("bare called masked", called_masked, bare_lost, sources(bare)),
        Figure.share("masked called bare", called_bare, masked_lost, f"{sources(masked)}; worn wrongly included"),
        Figure.share("worn wrongly called bare", *_errors(predictor, incorrect, masked=True), sources(incorrect)),
        Figure.share("bare called masked, portraits", *_errors(predictor, portraits, masked=False), "portraits"),
        *_reliability(predictor, [*bare, *portraits], masked),
    ]


def _reliability(predictor: Predictor, bare: list[Label], masked: list[Label]) -> list[Figure]:
    answers = predictor.estimate(photos([*bare, *masked]), MaskEstimator)
    worn = [0] * len(bare) + [1] * len(masked)
    known = [(answer.confidence, truth) for answer, truth in zip(answers, worn, strict=True) if answer is not None]
    shares = [(1 - share, share) for share, _ in known]
    return reliability(shares, [truth for _, truth in known], answers.count(None), "faces of the task and portraits")


def _errors(predictor: Predictor, labels: list[Label], *, masked: bool) -> tuple[list[bool], int]:
    """Says for each answer whether it is wrong, and counts the faces that were not found."""
    answers = predictor.estimate(photos(labels), MaskEstimator)
    return [answer is None or answer.value != masked for answer in answers], answers.count(None)
