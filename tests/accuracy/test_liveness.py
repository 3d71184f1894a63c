"""Liveness with the real networks: with the default one, and with the pair where it is installed.

The photos are of real people; there are no spoofs among them. What was measured on spoofs: `docs/models/liveness.md`.
"""

import re

import numpy as np
import pytest

from models.errors import WeightsMissing
from models.imaging.decode import Image
from models.networks.liveness import LIVENESS, UNDECIDED, Liveness, LivenessClassifier
from models.runtime.session import Session, SessionSource
from models.service import Face
from models.services.face_liveness_detector import (
    EachFaceLiveness,
    FaceLivenessDetector,
    GoodFaceLiveness,
    LargestFaceLiveness,
    LowQuality,
    SeveralFaces,
)
from models.services.liveness_estimator import LivenessEstimator
from tests.accuracy.photos import NOBODY, PORTRAITS, blurred, fitted, photo, side_by_side
from tests.tolerances import assert_alike

pytestmark = pytest.mark.weights
MODULES = (EachFaceLiveness, LargestFaceLiveness, GoodFaceLiveness)


@pytest.fixture(scope="module")
def default_only(sessions: SessionSource) -> SessionSource:
    """Sessions of a deployment without the optional networks, whatever is installed here."""

    def source(name: str) -> Session:
        if name in LivenessClassifier.preferred_models:
            raise WeightsMissing(name)
        return sessions(name)

    return source


@pytest.fixture(scope="module")
def with_pair(sessions: SessionSource) -> SessionSource:
    """Sessions of a deployment that pulled the optional networks."""
    try:
        for name in LivenessClassifier.preferred_models:
            sessions(name)
    except WeightsMissing as error:
        pytest.skip(str(error))
    return sessions


def judged(source: SessionSource, *faces: Face) -> list[Liveness]:
    return LivenessEstimator(source).estimate(faces)


@pytest.fixture(scope="module")
def faces(sessions: SessionSource) -> dict[str, Face]:
    return {name: fitted(sessions, name) for name in PORTRAITS}


def test_by_default_a_moderately_soft_face_is_judged_and_four_of_five_real_faces_are_real(
    default_only: SessionSource, faces: dict[str, Face]
) -> None:
    answers = dict(zip(faces, judged(default_only, *faces.values()), strict=True))
    assert {name for name, answer in answers.items() if answer.value == "real"} == {
        "macron",
        "ardern",
        "obama_senate",
        "obama_speech",
    }


def test_with_the_pair_real_faces_are_real(with_pair: SessionSource, faces: dict[str, Face]) -> None:
    assert [answer.value for answer in judged(with_pair, *faces.values())] == ["real"] * len(PORTRAITS)


def test_the_pair_answers_otherwise_than_the_default(
    with_pair: SessionSource, default_only: SessionSource, faces: dict[str, Face]
) -> None:
    assert judged(with_pair, faces["collins"]) != judged(default_only, faces["collins"])


@pytest.mark.parametrize("share", [0.04, 0.06, 0.08, 0.12, 0.16, 0.3, 0.5])
@pytest.mark.parametrize("kind", ["default_only", "with_pair"])
def test_a_blurred_face_is_never_real(
    request: pytest.FixtureRequest, kind: str, share: float, faces: dict[str, Face]
) -> None:
    source: SessionSource = request.getfixturevalue(kind)
    answers = judged(source, *(blurred(face, share) for face in faces.values()))
    assert {answer.value for answer in answers} == {"fake"}
    if share > 0.1:
        assert answers == [UNDECIDED] * len(faces)


@pytest.mark.parametrize("kind", ["default_only", "with_pair"])
def test_a_batch_gives_what_single_faces_give(
    request: pytest.FixtureRequest, kind: str, faces: dict[str, Face]
) -> None:
    source: SessionSource = request.getfixturevalue(kind)
    together = judged(source, *faces.values())
    for face, answer in zip(faces.values(), together, strict=True):
        (alone,) = judged(source, face)
        assert_alike(alone, answer)


def values(module: type[FaceLivenessDetector], source: SessionSource, image: Image) -> list[str]:
    return [LIVENESS.of(face.values).value for face in module(source).detect([image])[0]]


@pytest.mark.parametrize("module", MODULES)
def test_no_face_is_an_answer_in_each_module(module: type[FaceLivenessDetector], default_only: SessionSource) -> None:
    assert values(module, default_only, photo(NOBODY)) == []


@pytest.mark.parametrize("module", MODULES)
def test_one_good_face_is_judged_in_each_module(
    module: type[FaceLivenessDetector], default_only: SessionSource
) -> None:
    assert values(module, default_only, photo("macron")) == ["real"]


def test_of_two_faces_each_or_the_largest_is_judged_or_none(default_only: SessionSource) -> None:
    image = side_by_side("macron", "obama_speech")
    assert len(values(EachFaceLiveness, default_only, image)) == 2
    ((largest,),) = LargestFaceLiveness(default_only).detect([image])
    sizes = [np.prod(face.bbox[2:] - face.bbox[:2]) for face in EachFaceLiveness(default_only).detect([image])[0]]
    assert min(sizes) < 0.9 * max(sizes)
    assert np.prod(largest.bbox[2:] - largest.bbox[:2]) == pytest.approx(max(sizes), rel=0.01)
    with pytest.raises(SeveralFaces) as caught:
        GoodFaceLiveness(default_only).detect([image])
    assert str(caught.value) == "More than one face detected"


def test_a_bad_photo_is_refused_with_its_score(default_only: SessionSource, faces: dict[str, Face]) -> None:
    bad = blurred(faces["macron"], 0.05).image
    with pytest.raises(LowQuality) as caught:
        GoodFaceLiveness(default_only).detect([bad])
    text = r"Low image quality\. Calculated score value \((\d+)\) is less than the threshold \(30\)"
    match = re.fullmatch(text, str(caught.value))
    assert match
    assert int(match[1]) < 30
    assert values(LargestFaceLiveness, default_only, bad) == ["fake"]
