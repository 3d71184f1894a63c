"""Error rates by group: gender, age band, and origin where a kit names it. `docs/models/groups.md` explains them."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, Label, photos, sources
from bench.accuracy.look_alikes import ORIGINS
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import wilson_interval
from bench.accuracy.tasks import age_gender
from bench.accuracy.tasks.strangers import OF_AGE, aged, face_crowd, portrait_crowd
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import GenderEstimator
from models.services.liveness_estimator import LivenessEstimator
from models.services.mask_estimator import MaskEstimator

FOLDER = age_gender.FOLDER
# The error rate of fewer people says next to nothing.
_FEWEST = 10
_AGE_BANDS = ((0, 9), (10, 19), (20, 39), (40, 59), (60, 130))
_YEARS = "years"
_FA_R = 1e-3

Verdicts = list[bool | None]
"""Whether each answer is wrong; None if the face was not found."""


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures error rates of age, gender, liveness, mask and verification per group of at least ten people.

    A face that is not found counts as an error in each rate, and has no age error.
    """
    labels = [label for label in kit.labels(FOLDER) if label.known("age") and label.known("gender")]
    portraits = [label for label in kit.portraits() if label.known("gender")]
    figures = [figure for name, group in groups(labels).items() for figure in _age_errors(predictor, name, group)]
    rates: tuple[tuple[str, list[Label], Callable[[list[Label]], Verdicts]], ...] = (
        ("gender wrong", labels, lambda group: _gender_wrong(predictor, group)),
        ("gender wrong, portraits", portraits, lambda group: _gender_wrong(predictor, group)),
        ("called fake, portraits", portraits, lambda group: _called_fake(predictor, group)),
        ("called masked, portraits", portraits, lambda group: _called_masked(predictor, group)),
    )
    for measured, people, judge in rates:
        figures += [_rate(f"{measured}: {name}", judge(group)) for name, group in groups(people).items()]
    return [*figures, *_verification(kit, predictor)]


def groups(labels: Sequence[Label]) -> Mapping[str, list[Label]]:
    """The people by gender, by age band and by origin; groups of fewer than ten are left out."""
    found: dict[str, list[Label]] = {}
    for label in labels:
        names = [label["gender"]]
        if label.known("age"):
            age = label.number("age")
            names += [f"{start} to {end} {_YEARS}" for start, end in _AGE_BANDS if start <= age < end + 1]
        names += [label[column] for column in ORIGINS if column in label.values and label.known(column)]
        for name in names:
            found.setdefault(name, []).append(label)
    return MappingProxyType({name: group for name, group in sorted(found.items()) if len(group) >= _FEWEST})


def _age_errors(predictor: Predictor, name: str, group: list[Label]) -> list[Figure]:
    ages = predictor.estimate(photos(group), AgeEstimator)
    errors = np.array(
        [age - label.number("age") for age, label in zip(ages, group, strict=True) if age is not None], np.float64
    )
    if not len(errors):
        return []
    reach = 1.96 * float(np.abs(errors).std(ddof=1 if len(errors) > 1 else 0)) / float(np.sqrt(len(errors)))
    note = f"{sources(group)}; ± {reach:.2f} (95 %); mean of the signed errors {errors.mean():+.1f} years"
    return [Figure.error(f"age, mean absolute error: {name}", errors, ages.count(None), note, "years")]


def _gender_wrong(predictor: Predictor, group: list[Label]) -> Verdicts:
    answers = predictor.estimate(photos(group), GenderEstimator)
    return [
        None if answer is None else answer.value != label["gender"]
        for answer, label in zip(answers, group, strict=True)
    ]


def _called_fake(predictor: Predictor, group: list[Label]) -> Verdicts:
    answers = predictor.estimate(photos(group), LivenessEstimator)
    return [None if answer is None else answer.value == "fake" for answer in answers]


def _called_masked(predictor: Predictor, group: list[Label]) -> Verdicts:
    answers = predictor.estimate(photos(group), MaskEstimator)
    return [None if answer is None else answer.value for answer in answers]


def _verification(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Strangers of the same group that are accepted, and photos of one person that are not.

    Groups by gender and origin are of adults: children look so much alike that they would decide the rate.
    """
    at = f"the table's FAR {_FA_R:g}"
    figures = []
    for source, crowd in (("", face_crowd(kit, predictor)), (", portraits", portrait_crowd(kit, predictor))):
        if crowd is None:
            continue
        adults = groups(aged(crowd.labels, OF_AGE, _AGE_BANDS[-1][1]))
        bands = {name: group for name, group in groups(crowd.labels).items() if name.endswith(_YEARS)}
        for name, group in {**adults, **bands}.items():
            pairs = crowd.among(group)
            strangers, same = crowd.strangers & pairs, crowd.same_person & pairs
            figures.append(
                crowd.accepted(f"strangers accepted at {at}{source}: {name}", strangers, _FA_R, "of one group")
            )
            figures.append(crowd.rejected(f"one person rejected at {at}{source}: {name}", same, _FA_R, "of one group"))
    return figures


def _rate(name: str, verdicts: Verdicts) -> Figure:
    wrong = [verdict is not False for verdict in verdicts]
    low, high = wilson_interval(sum(wrong), len(wrong))
    return Figure.share(name, wrong, verdicts.count(None), f"{low:.3f} to {high:.3f} (95 %)")
