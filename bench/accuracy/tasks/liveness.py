"""How often pictures of faces are taken for faces, and faces for pictures."""

from bench.accuracy.predictor import Examiner
from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from models.networks.liveness import UNDECIDED, Liveness
from models.services.liveness_estimator import LivenessEstimator

TASK = "liveness"


def measure(kit: Kit, examiner: Examiner) -> list[Figure]:
    """Error rates as in ISO/IEC 30107-3, of whatever network is installed.

    A face that was not found is an error of each rate. One that is too soft to judge is answered with "fake", which is
    counted as such, and once more by itself.
    """
    labels = kit.labels(TASK)
    real = [label for label in labels if label["label"] == "real"]
    spoofs = [label for label in labels if label["label"] == "spoof"]
    portraits = kit.portraits()
    network = ", ".join(examiner.models(LivenessEstimator))
    few = f"a smoke test, by {network}"
    return [
        *_figures(examiner.judged(photos(spoofs), LivenessEstimator), "real", f"{sources(spoofs, 'attack')}; {few}"),
        *_figures(examiner.judged(photos(real), LivenessEstimator), "fake", f"whole photos; {few}"),
        *_figures(examiner.judged(photos(portraits), LivenessEstimator), "fake", f"portraits, by {network}"),
    ]


def _figures(answers: list[Liveness | None], wrong: str, note: str) -> list[Figure]:
    lost = answers.count(None)
    name = "spoofs called real (APCER)" if wrong == "real" else "real faces called fake (BPCER)"
    kind = "spoofs" if wrong == "real" else "real faces"
    return [
        Figure.share(name, [answer is None or answer.value == wrong for answer in answers], lost, note),
        Figure.share(f"{kind} too soft to judge", [answer == UNDECIDED for answer in answers], lost, note),
    ]
