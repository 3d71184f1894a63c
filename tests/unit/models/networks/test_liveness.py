"""Which networks judge, and what becomes of their answers."""

import numpy as np
import pytest

from models.errors import ModelError, WeightsMissing
from models.imaging.decode import Image
from models.imaging.geometry import Box
from models.networks.liveness import UNDECIDED, Liveness, LivenessClassifier
from models.runtime.session import FloatArray, Session
from models.service import Face
from models.services.liveness_estimator import LivenessEstimator
from tests.unit.models.drawings import drawn, sources
from tests.unit.models.networks.networks import Constant

BOX: Box = np.array([200.0, 200, 440, 440])
REAL_BY_DEFAULT = {"face_anti_spoofing": Constant(leaf_5=[0.0])}
FAKE_BY_PAIR: dict[str, Session] = {
    "minifasnet_v1se": Constant(logits=[9.0, 0, 0]),
    "minifasnet_v2": Constant(logits=[9.0, 0, 0]),
}
REAL_BY_PAIR: dict[str, Session] = {
    "minifasnet_v1se": Constant(logits=[0.0, 9, 0]),
    "minifasnet_v2": Constant(logits=[0.0, 9, 0]),
}


def judge(image: Image, **networks: Session) -> Liveness:
    (liveness,) = LivenessClassifier(sources(**networks)).classify([image], [BOX], [0])
    return liveness


def test_the_default_network_answers_where_nothing_else_is_installed() -> None:
    assert judge(drawn(BOX), **REAL_BY_DEFAULT) == Liveness(1.0, "real")


def test_the_pair_answers_where_it_is_installed() -> None:
    assert judge(drawn(BOX), **REAL_BY_DEFAULT, **FAKE_BY_PAIR).value == "fake"
    assert judge(drawn(BOX), **FAKE_BY_PAIR).value == "fake"


@pytest.mark.parametrize("left", ["minifasnet_v1se", "minifasnet_v2"])
def test_half_a_pair_does_not_answer(left: str) -> None:
    half = {left: FAKE_BY_PAIR[left]}
    assert judge(drawn(BOX), **REAL_BY_DEFAULT, **half).value == "real"


def test_without_any_network_the_default_one_is_missing() -> None:
    with pytest.raises(WeightsMissing, match="face-anti-spoofing"):
        LivenessClassifier(sources())


def test_a_pair_that_is_there_but_does_not_load_is_no_reason_for_another_answer() -> None:
    def source(name: str) -> Session:
        raise ModelError(f"{name} does not load")

    with pytest.raises(ModelError, match="minifasnet-v1se does not load"):
        LivenessClassifier(source)


@pytest.mark.parametrize("networks", [REAL_BY_DEFAULT, REAL_BY_PAIR], ids=["default", "pair"])
def test_a_blurred_face_is_never_real(networks: dict[str, Session]) -> None:
    assert judge(drawn(BOX), **networks).value == "real"
    for blur in (16, 32, 64):
        assert judge(drawn(BOX, blur), **networks) == UNDECIDED
    assert judge(np.full((640, 640, 3), 128, np.uint8), **networks) == UNDECIDED


def test_a_face_that_cannot_be_judged_is_fake_at_049() -> None:
    assert Liveness(0.49, "fake") == UNDECIDED


@pytest.mark.parametrize("leaf", np.linspace(0, 0.03, 31).tolist())
def test_the_value_says_what_the_confidence_says(leaf: float) -> None:
    liveness = judge(drawn(BOX), face_anti_spoofing=Constant(leaf_5=[leaf]))
    assert (liveness.value == "real") == (liveness.confidence >= 0.5)


class Bright:
    """Takes a bright face for real."""

    def run(self, batch: FloatArray) -> dict[str, FloatArray]:
        return {"leaf_5": (batch.max(axis=(1, 2, 3)) < 0.8).astype(np.float32)[:, None]}


def test_the_estimator_judges_each_face_by_its_own_box() -> None:
    other: Box = np.array([20.0, 20, 180, 180])
    image = drawn(BOX)
    image[:200, :200] = drawn(other)[:200, :200] // 2
    service = LivenessEstimator(sources(face_anti_spoofing=Bright()))
    assert [answer.value for answer in service.estimate([Face(image, BOX), Face(image, other)])] == ["real", "fake"]
    assert service.estimate([]) == []
    assert LivenessEstimator.weights == ("face-anti-spoofing",)
    assert LivenessEstimator.optional_weights == ("minifasnet-v1se", "minifasnet-v2")
