"""Error rates of liveness-estimator: spoofs that it calls real, and real faces that it calls fake."""

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.predictor import Predictor
from models.networks.liveness import UNDECIDED, Liveness
from models.services.liveness_estimator import LivenessEstimator

FOLDER = "liveness"


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures the error rates of ISO/IEC 30107-3 with the network that is installed.

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
    ]


def _figures(answers: list[Liveness | None], wrong: str, note: str) -> list[Figure]:
    lost = answers.count(None)
    name = "spoofs called real (APCER)" if wrong == "real" else "real faces called fake (BPCER)"
    kind = "spoofs" if wrong == "real" else "real faces"
    return [
        Figure.share(name, [answer is None or answer.value == wrong for answer in answers], lost, note),
        Figure.share(f"{kind} too soft to judge", [answer == UNDECIDED for answer in answers], lost, note),
    ]
