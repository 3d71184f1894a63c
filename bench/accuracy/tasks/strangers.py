"""How often verify-matcher takes strangers for one person: random pairs, and look-alikes."""

from collections.abc import Sequence

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from bench.accuracy.look_alikes import FA_R
from bench.accuracy.predictor import Predictor
from bench.accuracy.strangers import Crowd
from bench.accuracy.tasks import age_gender
from models.services.template_extractor import TemplateExtractor

FOLDER = age_gender.FOLDER
_PERSON = "subject"
OF_AGE = 18
"""Strangers under this age, in years, are accepted so often that figures are for adults or for them alone."""

_AGES = ((OF_AGE, 130, "adults"), (10, OF_AGE - 1, "10 to 17 years"), (0, 9, "children under 10"))


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures which share of random strangers and of look-alikes is accepted at each rate of the calibration."""
    people, sitters = kit.labels(FOLDER), _sitters(kit)
    name = sources(people)
    crowds = {f"{name} and portraits, adults": aged([*sitters, *people], OF_AGE, 130), "portraits": sitters}
    crowds |= {f"{name}, {group}": aged(people, start, end) for start, end, group in _AGES}
    figures = []
    for note, labels in crowds.items():
        crowd = _crowd(predictor, labels)
        if crowd is not None:
            for fa_r in FA_R:
                at = f"accepted at the table's FAR {fa_r:g}"
                figures.append(crowd.accepted(f"strangers {at}", crowd.strangers, fa_r, note))
                figures.append(crowd.accepted(f"look-alikes {at}", crowd.look_alikes, fa_r, note))
    return figures


def portrait_crowd(kit: Kit, predictor: Predictor) -> Crowd | None:
    """The portraits; None if the kit does not name the person of each."""
    return _crowd(predictor, _sitters(kit))


def face_crowd(kit: Kit, predictor: Predictor) -> Crowd | None:
    """The photos of the task age_gender; each counts as another person."""
    return _crowd(predictor, kit.labels(FOLDER))


def _sitters(kit: Kit) -> list[Label]:
    return [label for label in kit.portraits() if label.values.get(_PERSON)]


def aged(labels: Sequence[Label], start: int, end: int) -> list[Label]:
    """The photos of people whose age in years is known, and is from `start` to `end`."""
    return [label for label in labels if label.known("age") and start <= label.number("age") < end + 1]


def _crowd(predictor: Predictor, labels: Sequence[Label]) -> Crowd | None:
    templates = predictor.estimate(photos(labels), TemplateExtractor)
    return Crowd.of(labels, templates, lambda label: label.values.get(_PERSON) or label["path"])
