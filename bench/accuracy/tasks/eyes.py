"""How well quality-assessment-estimator distinguishes open eyes from closed ones."""

from collections.abc import Sequence

from bench.accuracy.figures import Figure
from bench.accuracy.kit import Kit, photos, sources
from bench.accuracy.predictor import Predictor
from bench.accuracy.statistics import area_under_curve
from models.quality.quality import Quality
from models.services.quality_estimator import QualityAssessmentEstimator

FOLDER = "attributes"
OPEN, CLOSED, _WINK = "open", "both_closed", "one_closed"

Answers = Sequence[Quality | None]


def measure(kit: Kit, predictor: Predictor) -> list[Figure]:
    """Measures error rates per eye, the area under the curve of the openness scores, and winks.

    A face that is not found counts as an error in each rate.
    """
    labels = kit.labels(FOLDER)
    opened, closed, winking = (
        predictor.estimate(photos(label for label in labels if label["eyes"] == state), QualityAssessmentEstimator)
        for state in (OPEN, CLOSED, _WINK)
    )
    portraits = predictor.estimate(photos(kit.portraits()), QualityAssessmentEstimator)
    note = f"{sources(labels)}; eyes, two per photo"
    taken_for_open = f"{note}; those of portraits taken to be open"
    winks = [answer is not None and answer.is_left_eye_opened != answer.is_right_eye_opened for answer in winking]
    return [
        _area([*opened, *portraits], closed, taken_for_open),
        _share("open called closed", opened, note, right=True),
        _share("open called closed, portraits", portraits, "portraits; eyes, two per photo", right=True),
        _share("closed called open", closed, note, right=False),
        Figure.share("winks with one eye closed", winks, winking.count(None), f"{sources(labels)}; photos"),
    ]


def _area(opened: Answers, closed: Answers, note: str) -> Figure:
    scores = [
        [
            score
            for answer in answers
            if answer is not None
            for score in (answer.left_eye_openness_score, answer.right_eye_openness_score)
        ]
        for answers in (opened, closed)
    ]
    every = [*opened, *closed]
    name = "open scores above closed (area under the curve)"
    return Figure(name, area_under_curve(*scores), 2 * len(every), 2 * every.count(None), note)


def _share(name: str, answers: Answers, note: str, *, right: bool) -> Figure:
    """The share of eyes whose answer is not `right`."""
    wrong = [flag is not right for answer in answers for flag in _flags(answer)]
    return Figure.share(name, wrong, 2 * answers.count(None), note)


def _flags(answer: Quality | None) -> tuple[bool | None, bool | None]:
    return (None, None) if answer is None else (answer.is_left_eye_opened, answer.is_right_eye_opened)
