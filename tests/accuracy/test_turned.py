"""Photos that are rotated give the answers that they give upright, in the coordinates of the photo as it was sent."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from config.settings import Settings, default_weights_dir
from models.imaging.decode import Image
from models.imaging.quarters import TURNED, Quarter, box_as_sent, points_as_sent, uprighted
from models.networks.landmarks import LandmarkName, select
from models.networks.template import decode
from models.output import TEMPLATE
from models.runtime.session import SessionSource
from models.service import Face, Found
from models.services.age_estimator import AgeEstimator
from models.services.emotion_estimator import EmotionEstimator
from models.services.face_fitter import FaceFitter
from models.services.face_liveness_detector import LIVENESS, EachFaceLiveness
from models.services.gender_estimator import GenderEstimator
from models.services.liveness_estimator import LivenessEstimator
from models.services.mask_estimator import MaskEstimator
from models.services.quality_estimator import QualityAssessmentEstimator
from models.services.template_extractor import FaceTemplateDetector, TemplateExtractor
from tests.accuracy.photos import NOBODY, STEADY, fitted, masked, photo
from workers.parts import build_parts

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("error")]

BothFaces = tuple[Face, Face]


def rotated(image: Image, quarter: Quarter) -> Image:
    """Clockwise."""
    return uprighted(image, -quarter % 4)


def only(found: list[list[Found]]) -> Found:
    ((face,),) = found
    return face


def face_of(image: Image, found: Found) -> Face:
    return Face(image, found.bbox, found.landmarks, found.pose)


@pytest.fixture(scope="module", params=TURNED, ids=["90", "180", "270"])
def quarter(request: pytest.FixtureRequest) -> Quarter:
    return int(request.param)


@pytest.fixture(scope="module")
def pairs(sessions: SessionSource, quarter: Quarter) -> list[BothFaces]:
    """Each portrait upright and rotated, fitted."""
    fitter = FaceFitter(sessions)
    return [
        (fitted(sessions, name), face_of(image, only(fitter.detect([image]))))
        for name in STEADY
        for image in [rotated(photo(name), quarter)]
    ]


def test_box_points_and_roll_are_those_of_the_photo_as_it_was_sent(pairs: list[BothFaces], quarter: Quarter) -> None:
    for upright, turned in pairs:
        assert upright.landmarks is not None
        assert turned.landmarks is not None
        assert upright.pose is not None
        assert turned.pose is not None
        size = turned.image.shape[:2]
        left, right = select(upright.landmarks, LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE)
        near = 0.02 * float(np.linalg.norm(right - left))
        np.testing.assert_allclose(turned.bbox, box_as_sent(upright.bbox, quarter, *size), atol=near)
        np.testing.assert_allclose(turned.landmarks, points_as_sent(upright.landmarks, quarter, *size), atol=near)
        off = (turned.pose.roll - upright.pose.roll - 90 * quarter + 180) % 360 - 180
        assert abs(off) < 5


@pytest.mark.parametrize("bare", [False, True], ids=["with points", "the box alone"])
def test_estimators_answer_as_upright(sessions: SessionSource, pairs: list[BothFaces], bare: bool) -> None:
    upright, turned = (
        [Face(face.image, face.bbox) if bare else face for face in faces] for faces in zip(*pairs, strict=True)
    )
    ages = AgeEstimator(sessions)
    assert np.subtract(ages.estimate(upright), ages.estimate(turned)) == pytest.approx(0, abs=2)
    genders, emotions = GenderEstimator(sessions), EmotionEstimator(sessions)
    assert [one.value for one in genders.estimate(turned)] == [one.value for one in genders.estimate(upright)]
    for one, other in zip(emotions.estimate(turned), emotions.estimate(upright), strict=True):
        assert asdict(one) == pytest.approx(asdict(other), abs=0.1)


@pytest.mark.parametrize("bare", [False, True], ids=["with points", "the box alone"])
def test_masks_are_seen_on_rotated_faces_and_not_on_bare_ones(
    sessions: SessionSource, pairs: list[BothFaces], quarter: Quarter, bare: bool
) -> None:
    faces = [
        face
        for upright, turned in pairs
        for face in (turned, replace(turned, image=rotated(masked(upright).image, quarter)))
    ]
    given = [Face(face.image, face.bbox) for face in faces] if bare else faces
    assert [mask.value for mask in MaskEstimator(sessions).estimate(given)] == [False, True] * len(pairs)


def test_templates_are_those_of_the_upright_photo(
    sessions: SessionSource, pairs: list[BothFaces], quarter: Quarter
) -> None:
    upright, turned = zip(*pairs, strict=True)
    extractor = TemplateExtractor(sessions)
    for one, other in zip(extractor.estimate(upright), extractor.estimate(turned), strict=True):
        assert float(decode(one) @ decode(other)) > 0.95
    detector = FaceTemplateDetector(sessions)
    for name in STEADY:
        found = detector.detect([photo(name), rotated(photo(name), quarter)])
        one, other = (TEMPLATE.of(face.values) for (face,) in found)
        assert one is not None
        assert other is not None
        assert float(decode(one) @ decode(other)) > 0.95


def test_liveness_and_quality_are_those_of_the_upright_photo(sessions: SessionSource, pairs: list[BothFaces]) -> None:
    upright, turned = zip(*pairs, strict=True)
    judge = LivenessEstimator(sessions)
    for one, other in zip(judge.estimate(upright), judge.estimate(turned), strict=True):
        assert other.confidence == pytest.approx(one.confidence, abs=0.1)
    detector = EachFaceLiveness(sessions)
    for face, expected in zip(turned, judge.estimate(turned), strict=True):
        liveness = LIVENESS.of(only(detector.detect([face.image])).values)
        assert liveness is not None
        assert liveness.confidence == pytest.approx(expected.confidence, abs=0.1)
    assessor = QualityAssessmentEstimator(sessions)
    for one, other, face in zip(assessor.estimate(upright), assessor.estimate(turned), turned, strict=True):
        assert face.pose is not None
        assert other.max_rotation_deviation == round(face.pose.roll)
        assert not other.is_rotation_acceptable
        assert other.background_uniformity_score == pytest.approx(one.background_uniformity_score, abs=10)
        assert other.not_masked
        assert other.is_left_eye_opened == one.is_left_eye_opened
        assert other.sharpness_score == pytest.approx(one.sharpness_score, abs=5)


def test_one_face_of_a_photo_may_be_rotated_and_the_other_stays_as_it_is(
    sessions: SessionSource, quarter: Quarter
) -> None:
    side = 480
    tiles = [square(photo("macron"), side), rotated(square(photo("collins"), side), quarter)]
    found = FaceFitter(sessions).detect([np.hstack(tiles)])[0]
    first, second = sorted(found, key=lambda face: float(face.bbox[0]))
    assert first.pose is not None
    assert second.pose is not None
    assert abs(first.pose.roll) < 20
    assert abs((second.pose.roll - 90 * quarter + 180) % 360 - 180) < 20


def test_a_masked_face_is_found_in_its_rotation(sessions: SessionSource, quarter: Quarter) -> None:
    # On its side, a doubtful face is found in another rotation, which no vote recognises.
    image = rotated(masked(fitted(sessions, "macron")).image, quarter)
    found = only(FaceFitter(sessions).detect([image]))
    assert found.pose is not None
    assert abs((found.pose.roll - 90 * quarter + 180) % 360 - 180) < 20


def square(image: Image, side: int) -> Image:
    """The middle of an image."""
    height, width = image.shape[:2]
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    return np.asarray(cv2.resize(image[top : top + least, left : left + least], (side, side)), np.uint8)


@pytest.mark.parametrize("build", [FaceFitter, FaceTemplateDetector, EachFaceLiveness])
def test_a_rotated_photo_without_faces_has_none(
    sessions: SessionSource,
    quarter: Quarter,
    build: Callable[[SessionSource], FaceFitter | FaceTemplateDetector | EachFaceLiveness],
) -> None:
    assert build(sessions).detect([rotated(photo(NOBODY), quarter)]) == [[]]


@pytest.mark.usefixtures("sessions")
@pytest.mark.parametrize(("turned_photos", "least_roll_deg", "most_roll_deg"), [(True, 165, 180), (False, 0, 45)])
def test_the_setting_reaches_the_services_of_a_worker(
    turned_photos: bool, least_roll_deg: float, most_roll_deg: float
) -> None:
    folder = os.environ.get("FACELINE_WEIGHTS_DIR") or default_weights_dir()
    parts = build_parts(Settings(turned_photos=turned_photos, weights_dir=Path(folder)))
    fitter = parts.models.service(FaceFitter.name)
    assert isinstance(fitter, FaceFitter)
    found = only(fitter.detect([rotated(photo("macron"), 2)]))
    assert found.pose is not None
    assert least_roll_deg < abs(found.pose.roll) < most_roll_deg
