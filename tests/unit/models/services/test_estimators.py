"""Age, gender and emotion, with networks whose answers are known."""

from collections.abc import Callable, Mapping
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.emotions import Emotions, sharpened
from models.runtime.session import MAX_ROWS, FloatArray, Session
from models.service import EstimatingService, Face
from models.services.age_estimator import AgeEstimator
from models.services.emotion_estimator import EmotionEstimator
from models.services.gender_estimator import Gender, GenderEstimator
from tests.unit.models.networks.networks import BlindYunet, Constant

ORDER = ("neutral", "happy", "sad", "angry", "scared", "disgusted", "surprised")


class Brightness:
    """Answers the mean of the left half of each crop, under every name."""

    def __init__(self, answer: Callable[[float], Mapping[str, list[float]]]) -> None:
        self.answer = answer
        self.rows: list[int] = []

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        self.rows.append(len(batch))
        answers = [self.answer(float(row[..., : row.shape[-1] // 2].mean())) for row in batch]
        return {name: np.array([answer[name] for answer in answers], np.float32) for name in answers[0]}


def sources(**networks: Session) -> Callable[[str], Session]:
    return lambda name: networks[name.replace("-", "_")]


def face(left: int = 100, right: int = 100) -> Face:
    """A face whose halves are of two grey values, with its landmarks."""
    image = np.full((200, 200, 3), left, np.uint8)
    image[:, 100:] = right
    points = np.full((21, 2), 100.0)
    points[[6, 7, 8, 9, 10, 11], 0] = 75, 83, 90, 110, 117, 125
    points[6:12, 1] = 80
    points[[13, 14, 15, 17, 18, 19]] = [90, 105], [100, 108], [110, 105], [85, 122], [100, 124], [115, 122]
    return Face(image, np.array([60.0, 50, 140, 150]), points)


def ages(network: Session) -> AgeEstimator:
    return AgeEstimator(sources(yunet=BlindYunet(), facemesh=Constant(), faceapi_age_gender=network))


def genders(wide: Session, small: Session) -> GenderEstimator:
    return GenderEstimator(sources(yunet=BlindYunet(), facemesh=Constant(), faceapi_age_gender=wide, dlib_gender=small))


def emotions(network: Session) -> EmotionEstimator:
    return EmotionEstimator(sources(yunet=BlindYunet(), facemesh=Constant(), faceapi_expression=network))


def test_an_age_is_the_mean_over_a_face_and_its_mirror_image() -> None:
    service = ages(Brightness(lambda value: {"age": [value], "gender": [0.5, 0.5]}))
    (age,) = service.estimate([face(20, 60)])
    assert age == pytest.approx(40, abs=0.5)


def test_many_faces_keep_their_order_and_the_cap() -> None:
    network = Brightness(lambda value: {"age": [value], "gender": [0.5, 0.5]})
    found = ages(network).estimate([face(number, number) for number in range(2 * MAX_ROWS + 1)])
    assert found == pytest.approx(list(range(2 * MAX_ROWS + 1)), abs=0.01)
    assert max(network.rows) <= MAX_ROWS


def test_no_age_is_negative() -> None:
    (age,) = ages(Constant(age=[-3.0], gender=[0.5, 0.5])).estimate([face()])
    assert age == 0


@pytest.mark.parametrize(
    ("wide_male", "small_male", "expected"),
    [(0.9, 0.7, Gender("male", 0.8)), (0.2, 0.4, Gender("female", 0.7)), (0.9, 0.2, Gender("male", 0.55))],
)
def test_a_gender_is_the_mean_of_two_networks(wide_male: float, small_male: float, expected: Gender) -> None:
    wide = Constant(age=[30.0], gender=[wide_male, 1 - wide_male])
    small = Constant(probabilities=[1 - small_male, small_male])
    (gender,) = genders(wide, small).estimate([face()])
    assert gender.value == expected.value
    assert gender.confidence == pytest.approx(expected.confidence)


def test_the_small_network_sees_32_pixels_without_the_mean() -> None:
    small = Constant(probabilities=[0.5, 0.5])
    genders(Constant(age=[30.0], gender=[0.5, 0.5]), small).estimate([face()])
    (batch,) = small.batches
    assert batch.shape == (1, 3, 32, 32)
    np.testing.assert_allclose(batch[0, :, 16, 16], (100 - np.array([122.782, 117.001, 104.298])) / 256, rtol=1e-5)


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7))
def test_emotions_sum_to_one(probabilities: list[float]) -> None:
    (found,) = emotions(Constant(expression=probabilities)).estimate([face()])
    assert sum(astuple(found)) == pytest.approx(1)
    assert min(astuple(found)) >= 0


@pytest.mark.parametrize("name", ORDER)
def test_each_emotion_goes_under_its_own_name(name: str) -> None:
    shares = [0.94 if other == name else 0.01 for other in ORDER]
    (found,) = emotions(Constant(expression=shares)).estimate([face()])
    assert getattr(found, name) == max(astuple(found)) > 2 * sorted(astuple(found))[-2]


def test_neutral_is_held_back_and_the_rest_keep_their_ratios_before_the_temperature() -> None:
    (found,) = emotions(Constant(expression=[0.4, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05])).estimate([face()])
    before = sharpened(found)
    assert before.neutral / before.happy == pytest.approx(0.4 / 0.3 * np.exp(-0.9), rel=1e-5)
    assert before.happy / before.sad == pytest.approx(3, rel=1e-5)


@given(st.lists(st.floats(1e-6, 1), min_size=7, max_size=7))
def test_the_temperature_makes_emotions_less_sure_and_keeps_their_order(probabilities: list[float]) -> None:
    (found,) = emotions(Constant(expression=probabilities)).estimate([face()])
    before = astuple(sharpened(found))
    assert np.argsort(before, kind="stable").tolist() == np.argsort(astuple(found), kind="stable").tolist()
    assert max(astuple(found)) <= max(before) + 1e-12
    assert sum(before) == pytest.approx(1)


def test_the_public_order_of_emotions() -> None:
    order = ("angry", "disgusted", "scared", "happy", "neutral", "sad", "surprised")
    assert tuple(Emotions.__dataclass_fields__) == order


@pytest.mark.parametrize("service", [ages(Constant()), genders(Constant(), Constant()), emotions(Constant())])
def test_no_face_reaches_no_network(service: EstimatingService[object]) -> None:
    assert service.estimate([]) == []


def test_weights_name_what_the_constructor_asks_for() -> None:
    for service in (AgeEstimator, GenderEstimator, EmotionEstimator):
        asked: list[str] = []

        def source(name: str, asked: list[str] = asked) -> Session:
            asked.append(name)
            return Constant()

        service(source)
        assert tuple(asked) == service.weights
