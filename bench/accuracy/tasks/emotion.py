"""How often the likeliest emotion of emotion-estimator is the labelled one."""

from dataclasses import asdict, astuple, fields

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, grouped, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.reliability import reliability
from bench.accuracy.statistics import macro_f1
from models.networks.emotions import Emotions
from models.services.emotion_estimator import EmotionEstimator

FOLDER = "emotion"
# The kit's labels and the service's names. The service has no contempt: photos with that label are left out.
_NAMES = {
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "scared",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures accuracy and macro-F1 over all photos and per source, the recall of each emotion, and reliability."""
    labels = [label for label in kit.labels(FOLDER) if label["label"] in _NAMES]
    found = predictor.estimate(photos(labels), EmotionEstimator)
    answers = [_likeliest(emotions) for emotions in found]
    answer_of = dict(zip(photos(labels), answers, strict=True))
    groups = [("seven emotions", sources(labels), labels)]
    groups += [(source, source, group) for source, group in grouped(labels, "source").items()]
    figures = []
    for name, note, group in groups:
        truth = [_NAMES[label["label"]] for label in group]
        said = [answer_of[photo] for photo in photos(group)]
        right = [true == answer for true, answer in zip(truth, said, strict=True)]
        lost = said.count(None)
        note = f"{note}; {len(set(truth))} emotions"
        figures += [
            Figure.share(f"accuracy, {name}", right, lost, note),
            Figure(f"macro-F1, {name}", macro_f1(truth, said), len(truth), lost, note),
        ]
    for word, group in grouped(labels, "label").items():
        said = [answer_of[photo] for photo in photos(group)]
        hits = [answer == _NAMES[word] for answer in said]
        figures.append(Figure.share(f"recall, {_NAMES[word]}", hits, said.count(None), sources(group)))
    return [*figures, *_reliability(labels, found)]


def answered(kit: Kit, predictor: Predictor) -> tuple[list[Emotions], list[int]]:
    """The answers for the faces that were found, and the position of the labelled emotion among the seven.

    Raises:
        InvalidKit: the kit lacks a file or a column, or a photo cannot be read.
        ModelError: a model is missing, or the engine failed.
    """
    labels = [label for label in kit.labels(FOLDER) if label["label"] in _NAMES]
    return _known(labels, predictor.estimate(photos(labels), EmotionEstimator))


def _known(labels: list[Label], found: list[Emotions | None]) -> tuple[list[Emotions], list[int]]:
    order = [field.name for field in fields(Emotions)]
    known = [(emotions, label) for label, emotions in zip(labels, found, strict=True) if emotions is not None]
    return [emotions for emotions, _ in known], [order.index(_NAMES[label["label"]]) for _, label in known]


def _reliability(labels: list[Label], found: list[Emotions | None]) -> list[Figure]:
    known, truth = _known(labels, found)
    return reliability(
        [astuple(emotions) for emotions in known], truth, found.count(None), f"{sources(labels)}; 7 emotions"
    )


def _likeliest(emotions: Emotions | None) -> str | None:
    if emotions is None:
        return None
    shares: dict[str, float] = asdict(emotions)
    return max(shares, key=shares.__getitem__)
