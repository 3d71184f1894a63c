"""Error rates of liveness-estimator: spoofs that it calls real, and real faces that it calls fake; and reliability."""

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.reliability import reliability
from models.networks.liveness import UNDECIDED, Liveness
from models.services.liveness_estimator import LivenessEstimator

FOLDER = "liveness"
# One spoof more or less that is called real changes the rate by two points or more.
_FEW_SPOOFS = 50


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures the error rates of ISO/IEC 30107-3, and reliability, with the network that is installed.

    A face that is not found counts as an error in each rate. The service answers "fake" for a face that is too blurred
    to judge: it counts as "fake", and has a figure of its own besides.
    """
    labels = kit.labels(FOLDER)
    real = [label for label in labels if label["label"] == "real"]
    spoofs = [label for label in labels if label["label"] == "spoof"]
    portraits = kit.portraits()
    network = ", ".join(predictor.models(LivenessEstimator))
    few = f"a smoke test, by {network}"
    return [
        *_figures(predictor.estimate(photos(spoofs), LivenessEstimator), "real", f"{sources(spoofs, 'attack')}; {few}"),
        *_figures(predictor.estimate(photos(real), LivenessEstimator), "fake", f"whole photos; {few}"),
        *_figures(predictor.estimate(photos(portraits), LivenessEstimator), "fake", f"portraits, by {network}"),
        *_reliability(predictor, [*real, *portraits], spoofs, network),
    ]


def _reliability(predictor: Predictor, real: list[Label], spoofs: list[Label], network: str) -> list[Figure]:
    """Faces that are too soft to judge count as the service answers them: fake, with a confidence of 0.51."""
    answers = predictor.estimate(photos([*spoofs, *real]), LivenessEstimator)
    is_real = [0] * len(spoofs) + [1] * len(real)
    known = [(answer.confidence, truth) for answer, truth in zip(answers, is_real, strict=True) if answer is not None]
    shares = [(1 - share, share) for share, _ in known]
    few = ": few" if len(spoofs) <= _FEW_SPOOFS else ""
    note = f"{len(real)} real faces, portraits included, and {len(spoofs)} spoofs{few}; by {network}"
    return reliability(shares, [truth for _, truth in known], answers.count(None), note)


def _figures(answers: list[Liveness | None], wrong: str, note: str) -> list[Figure]:
    lost = answers.count(None)
    name = "spoofs called real (APCER)" if wrong == "real" else "real faces called fake (BPCER)"
    kind = "spoofs" if wrong == "real" else "real faces"
    return [
        Figure.share(name, [answer is None or answer.value == wrong for answer in answers], lost, note),
        Figure.share(f"{kind} too soft to judge", [answer == UNDECIDED for answer in answers], lost, note),
    ]
