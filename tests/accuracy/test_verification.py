"""One person on two photos, and five people who are not each other."""

from itertools import combinations

import cv2
import numpy as np
import pytest

from models.networks.template import decode
from models.output import TEMPLATE
from models.runtime.session import SessionSource
from models.services.template_extractor import FaceTemplateDetector, TemplateExtractor
from models.services.verify_matcher import VerifyMatcher
from tests.accuracy.photos import NOBODY, PORTRAITS, STEADY, fitted, photo
from tests.tolerances import assert_templates_alike

pytestmark = pytest.mark.weights
SAME = ("obama_senate", "obama_speech")


@pytest.fixture(scope="module")
def templates(sessions: SessionSource) -> dict[str, bytes]:
    faces = [fitted(sessions, name) for name in PORTRAITS]
    return dict(zip(PORTRAITS, TemplateExtractor(sessions).estimate(faces), strict=True))


@pytest.fixture(scope="module")
def matcher(sessions: SessionSource) -> VerifyMatcher:
    return VerifyMatcher(sessions)


def test_two_photos_of_one_person_match_where_one_impostor_in_a_hundred_thousand_does(
    matcher: VerifyMatcher, templates: dict[str, bytes]
) -> None:
    (same,) = matcher.match([(templates[SAME[0]], templates[SAME[1]])])
    assert same.fa_r < 1e-5
    assert same.score > 0.75


def test_different_people_do_not_match(matcher: VerifyMatcher, templates: dict[str, bytes]) -> None:
    pairs = [pair for pair in combinations(PORTRAITS, 2) if pair != SAME]
    for verification in matcher.match([(templates[first], templates[second]) for first, second in pairs]):
        assert verification.fa_r > 0.05
        assert verification.fr_r < 0.01
        assert verification.score < 0.35


def test_both_extractors_agree_on_a_face(
    sessions: SessionSource, matcher: VerifyMatcher, templates: dict[str, bytes]
) -> None:
    detected = FaceTemplateDetector(sessions).detect([photo(name) for name in PORTRAITS])
    for name, (face,) in zip(PORTRAITS, detected, strict=True):
        (verification,) = matcher.match([(templates[name], TEMPLATE.of(face.values))])
        assert verification.distance < 750


def test_a_template_is_the_embedding_within_float16(sessions: SessionSource, templates: dict[str, bytes]) -> None:
    for name in STEADY:
        again = TemplateExtractor(sessions).estimate([fitted(sessions, name)])[0]
        assert_templates_alike(again, templates[name])
        assert np.linalg.norm(decode(again)) == pytest.approx(1, abs=1e-6)


def test_size_and_brightness_of_a_photo_hardly_matter(sessions: SessionSource, matcher: VerifyMatcher) -> None:
    image = photo("macron")
    larger = np.asarray(cv2.resize(image, None, fx=2, fy=2), np.uint8)
    darker = np.asarray(image * 0.7, np.uint8)
    plain, *others = (
        TEMPLATE.of(faces[0].values) for faces in FaceTemplateDetector(sessions).detect([image, larger, darker])
    )
    assert all(answer.distance < 1000 for answer in matcher.match([(plain, other) for other in others]))


def test_nobody_has_no_template(sessions: SessionSource) -> None:
    assert FaceTemplateDetector(sessions).detect([photo(NOBODY)]) == [[]]
