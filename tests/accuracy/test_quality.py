"""Each field of the quality of a photo reacts to what it names: photos of `tests/photos`, spoilt on purpose."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.imaging.decode import Image, decode
from models.imaging.geometry import Box, Points
from models.networks.emotions import sharpened
from models.networks.landmarks import LandmarkName, select
from models.quality.detail import NOISE_THRESHOLD, noise
from models.quality.quality import Quality
from models.quality.view import FaceView, Grey
from models.runtime.session import SessionSource
from models.service import Face
from models.services.emotion_estimator import EmotionEstimator
from models.services.face_fitter import FaceFitter
from models.services.mask_estimator import MaskEstimator
from models.services.quality_estimator import QualityAssessmentEstimator
from tests.tolerances import SCORE, assert_alike
from tests.unit.models.quality.flags import flags, flags_that_follow

pytestmark = pytest.mark.weights

PHOTOS = Path(__file__).parents[1] / "photos"
PORTRAITS = ("collins", "macron", "ardern", "obama_senate", "obama_speech")
Look = Callable[[Image], Face]
Judge = Callable[[Face], Quality]


@cache
def photo(name: str) -> Image:
    return decode((PHOTOS / f"{name}.jpg").read_bytes())


@pytest.fixture(scope="module")
def look(sessions: SessionSource) -> Look:
    """Finds the one face of a photo."""
    fitter = FaceFitter(sessions)

    def look(image: Image) -> Face:
        ((found,),) = fitter.detect([image])
        return Face(image, found.bbox, found.landmarks, found.pose)

    return look


@pytest.fixture(scope="module")
def judge(sessions: SessionSource) -> Judge:
    service = QualityAssessmentEstimator(sessions)

    def judge(face: Face) -> Quality:
        (quality,) = service.estimate([face])
        return quality

    return judge


def points(face: Face) -> Points:
    assert face.landmarks is not None
    return face.landmarks


def on(face: Face, image: Image) -> Face:
    """The same face in another version of its photo, of the same size."""
    return Face(image, face.bbox, face.landmarks, face.pose)


def as_image(pixels: np.ndarray) -> Image:
    return np.asarray(np.clip(np.round(pixels), 0, 255), np.uint8)


def grey_of(image: Image) -> Grey:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def blurred(image: Image, sigma: float) -> Image:
    return as_image(cv2.GaussianBlur(image, (0, 0), sigma))


def lit(image: Image, gain: float) -> Image:
    return as_image(image * np.float32(gain))


def noisy(image: Image, deviation: float) -> Image:
    return as_image(image + np.random.default_rng(1).normal(scale=deviation, size=image.shape))


def compressed(image: Image, quality: int) -> Image:
    return decode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def coarse(image: Image, width: int) -> Image:
    """With the detail of this width, at the old size."""
    height = round(width * image.shape[0] / image.shape[1])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return as_image(cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_CUBIC))


def tiled(image: Image, opacity: float) -> Image:
    mark = np.zeros(image.shape[:2], np.float32)
    for y in range(20, image.shape[0], 60):
        for x in range(-20, image.shape[1], 130):
            cv2.putText(mark, "SAMPLE", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (1.0,), 2, cv2.LINE_AA)
    covered = opacity * mark[..., None]
    return as_image(image * (1 - covered) + 255 * covered)


@pytest.mark.parametrize("name", PORTRAITS)
def test_good_portraits_pass_what_anybody_would_let_pass(look: Look, judge: Judge, name: str) -> None:
    quality = judge(look(photo(name)))
    assert quality.total_score >= 40
    assert quality.is_sharp
    assert quality.is_not_noisy
    assert quality.not_masked
    assert quality.is_left_eye_opened
    assert quality.is_right_eye_opened
    assert quality.is_dynamic_range_acceptable
    assert not quality.has_watermark
    assert flags(quality) == flags_that_follow(quality)


LADDERS: dict[str, tuple[Callable[[Image, float], Image], tuple[float, ...]]] = {
    "blur": (blurred, (1.5, 3, 6)),
    "dark": (lit, (0.4, 0.2, 0.1)),
    "bright": (lit, (1.7, 2.1, 2.6)),
    "jpeg": (lambda image, quality: compressed(image, int(quality)), (20, 10, 5)),
    "lowres": (lambda image, width: coarse(image, int(width)), (160, 80, 40)),
    "noise": (noisy, (10, 25, 50)),
}


@pytest.mark.parametrize("kind", LADDERS)
@pytest.mark.parametrize("name", PORTRAITS)
def test_each_step_down_costs_total_score(look: Look, judge: Judge, name: str, kind: str) -> None:
    spoil, levels = LADDERS[kind]
    face = look(photo(name))
    scores = [judge(on(face, image)).total_score for image in (face.image, *(spoil(face.image, at) for at in levels))]
    # Nothing falls further than to the ground.
    assert all(after < before or before <= 5 for before, after in pairwise(scores)), scores
    assert scores[-1] < 0.5 * scores[0]


def test_blur_takes_the_sharpness(look: Look, judge: Judge) -> None:
    face = look(photo("collins"))
    spoilt = judge(on(face, blurred(face.image, 5)))
    assert not spoilt.is_sharp
    assert spoilt.is_not_noisy
    assert spoilt.is_evenly_illuminated == judge(face).is_evenly_illuminated


def test_noise_takes_the_cleanness_and_adds_no_sharpness(look: Look, judge: Judge) -> None:
    face = look(photo("macron"))
    spoilt = judge(on(face, noisy(face.image, 40)))
    assert not spoilt.is_not_noisy
    assert spoilt.sharpness_score <= judge(face).sharpness_score + 15


@pytest.mark.parametrize("name", PORTRAITS)
def test_noise_is_seen_at_every_size_of_a_face_and_more_of_it_never_looks_cleaner(look: Look, name: str) -> None:
    face = look(photo(name))
    left, top, right, bottom = np.clip(np.round(face.bbox), 0, None).astype(int)
    cut = face.image[top:bottom, left:right]
    landmarks = points(face) - (left, top)
    eyes = np.linalg.norm(np.subtract(*select(landmarks, LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE)))
    for distance in (60, 130, 250):
        scale = distance / eyes
        image = as_image(cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        whole = np.array([0.0, 0.0, image.shape[1], image.shape[0]])
        scores = [
            noise(FaceView.of(grey_of(noisy(image, deviation)), whole, landmarks * scale))
            for deviation in (0, 10, 20, 30, 45, 60)
        ]
        assert scores == sorted(scores, reverse=True)
        assert 100 * scores[4] < NOISE_THRESHOLD - 2, "Gaussian noise of 45 grey levels in each channel"
        assert scores[0] >= 0.8


def test_a_large_noisy_face_is_called_noisy(look: Look, judge: Judge) -> None:
    face = look(photo("macron"))
    larger = Face(as_image(cv2.resize(face.image, None, fx=2, fy=2)), face.bbox * 2, points(face) * 2, face.pose)
    assert judge(larger).is_not_noisy
    assert not judge(on(larger, noisy(larger.image, 45))).is_not_noisy


@pytest.mark.parametrize("gain", [0.2, 3.0])
def test_wrong_exposure_takes_the_illumination(look: Look, judge: Judge, gain: float) -> None:
    face = look(photo("macron"))
    assert judge(face).is_evenly_illuminated
    assert not judge(on(face, lit(face.image, gain))).is_evenly_illuminated


def test_a_shadow_over_half_the_face_takes_the_illumination(look: Look, judge: Judge) -> None:
    face = look(photo("macron"))
    middle = points(face)[14, 0]
    light = 1 - 0.85 / (1 + np.exp(-(np.arange(face.image.shape[1]) - middle) / 5))
    assert not judge(on(face, as_image(face.image * light[:, None]))).is_evenly_illuminated


def test_a_reflex_on_the_cheek_is_flare(look: Look, judge: Judge) -> None:
    face = look(photo("macron"))
    assert judge(face).no_flare
    image = face.image.copy()
    cheek = (points(face)[7] + points(face)[17]) / 2
    cv2.circle(image, cheek.astype(int).tolist(), 14, (255, 255, 255), -1)
    assert not judge(on(face, image)).no_flare


def test_fog_takes_the_dynamic_range(look: Look, judge: Judge) -> None:
    face = look(photo("macron"))
    assert judge(face).is_dynamic_range_acceptable
    fog = judge(on(face, as_image(face.image * 0.3 + 90)))
    assert fog.dynamic_range_score == pytest.approx(0.3 * judge(face).dynamic_range_score, abs=2)
    assert not fog.is_dynamic_range_acceptable


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_tiled_word_is_a_watermark(look: Look, judge: Judge, name: str) -> None:
    face = look(photo(name))
    before, after = judge(face), judge(on(face, tiled(face.image, 0.3)))
    assert (before.has_watermark, after.has_watermark) == (False, True)


def faded(image: Image, contrast: float) -> Image:
    return as_image(128 + np.float32(contrast) * (image - np.float32(128)))


@pytest.mark.parametrize("name", PORTRAITS)
@settings(max_examples=12)
@given(change=st.tuples(st.just(lit), st.floats(0.5, 1.4)) | st.tuples(st.just(faded), st.floats(0.4, 1)))
@example((lit, 0.5))
@example((lit, 0.6))
@example((lit, 1.4))
@example((faded, 0.4))
def test_neither_brightness_nor_contrast_makes_a_watermark_or_hides_one(
    look: Look, judge: Judge, name: str, change: tuple[Callable[[Image, float], Image], float]
) -> None:
    exposed, factor = change
    face = look(photo(name))
    marked = tiled(face.image, 0.3)
    before, after = exposed(face.image, factor), exposed(marked, factor)
    assert not judge(on(face, before)).has_watermark
    # White letters vanish where the photo is blown out.
    left = (after.mean() - before.mean()) / (factor * (marked.mean() - face.image.mean()))
    assert judge(on(face, after)).has_watermark or left < 0.75


def test_a_painted_wall_is_a_uniform_background_and_a_chequered_one_is_not(look: Look, judge: Judge) -> None:
    face = look(photo("macron"))
    height, width = face.image.shape[:2]
    x1, y1, x2, y2 = face.bbox
    rows, columns = np.mgrid[:height, :width]
    person = np.hypot((columns - (x1 + x2) / 2) / (0.75 * (x2 - x1)), (rows - (y1 + y2) / 2) / (0.75 * (y2 - y1))) < 1
    person |= rows > y2
    chequered = np.where((rows // 60 + columns // 60) % 2, 230, 20)
    scores = [
        judge(on(face, as_image(np.where(person[..., None], face.image, wall[..., None]))))
        for wall in (np.full_like(chequered, 190), chequered)
    ]
    assert scores[0].background_uniformity_score > 90
    assert not scores[1].is_background_uniform


def cropped(look: Look, box: Box) -> Face:
    x1, y1, x2, y2 = box.round().astype(int)
    return look(np.ascontiguousarray(photo("macron")[max(y1, 0) : y2, max(x1, 0) : x2]))


def test_margins_follow_the_crop(look: Look, judge: Judge) -> None:
    x1, y1, x2, y2 = look(photo("macron")).bbox
    centre, width, height = (x1 + x2) / 2, x2 - x1, y2 - y1
    passport = cropped(
        look, np.array([centre - 0.85 * width, y1 - 0.3 * height, centre + 0.85 * width, y2 + 0.3 * height])
    )
    assert judge(passport).is_margins_acceptable
    tight = judge(cropped(look, np.array([x1, y1, x2, y2])))
    assert tight.margin_outer_deviation > 0
    aside = judge(cropped(look, np.array([x1 - 0.1 * width, y1 - 0.3 * height, x2 + 0.6 * width, y2 + 0.3 * height])))
    assert aside.margin_outer_deviation > 0
    far = judge(look(cv2.copyMakeBorder(photo("macron"), 200, 200, 200, 200, cv2.BORDER_REPLICATE).astype(np.uint8)))
    assert far.margin_inner_deviation > 0


def test_the_distance_of_the_eyes_follows_the_scale(look: Look, judge: Judge) -> None:
    before = judge(look(photo("macron")))
    assert before.is_eyes_distance_acceptable
    half = cv2.resize(photo("macron"), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    after = judge(look(as_image(half)))
    assert after.eyes_distance == pytest.approx(before.eyes_distance / 2, abs=1.5)
    assert not after.is_eyes_distance_acceptable


@pytest.mark.parametrize("turn", [-25, 25])
def test_a_tilted_photo_turns_the_rotation_with_its_sign(look: Look, judge: Judge, turn: int) -> None:
    image = photo("collins")
    matrix = cv2.getRotationMatrix2D((225, 120), -turn, 1.0)
    quality = judge(look(as_image(cv2.warpAffine(image, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE))))
    assert quality.max_rotation_deviation == pytest.approx(turn, abs=6)
    assert not quality.is_rotation_acceptable


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_covered_eye_is_not_open_and_the_other_is(look: Look, judge: Judge, side: str) -> None:
    face = look(photo("macron"))
    first = 6 if side == "left" else 9
    eye = points(face)[first : first + 3]
    width = float(np.linalg.norm(eye[2] - eye[0]))
    image = face.image.copy()
    skin = image[int(eye[1, 1] + 1.1 * width), int(eye[1, 0])].tolist()
    cv2.ellipse(image, eye[1].astype(int).tolist(), (int(0.7 * width), int(0.4 * width)), 0, 0, 360, skin, -1)
    quality = judge(on(face, blurred(image, 0.8)))
    assert quality.is_left_eye_opened == (side == "right")
    assert quality.is_right_eye_opened == (side == "left")


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_mirrored_photo_swaps_the_eyes_and_changes_little_else(look: Look, judge: Judge, name: str) -> None:
    face = look(photo(name))
    mirrored = look(np.ascontiguousarray(face.image[:, ::-1]))
    before, after = judge(face), judge(mirrored)
    assert after.left_eye_openness_score == pytest.approx(before.right_eye_openness_score, abs=8)
    assert after.right_eye_openness_score == pytest.approx(before.left_eye_openness_score, abs=8)
    assert after.total_score == pytest.approx(before.total_score, abs=12)
    assert after.eyes_distance == pytest.approx(before.eyes_distance, abs=3)
    assert after.background_uniformity_score == pytest.approx(before.background_uniformity_score, abs=8)


@pytest.mark.parametrize("name", PORTRAITS)
def test_mask_and_expression_say_what_their_services_say(
    sessions: SessionSource, look: Look, judge: Judge, name: str
) -> None:
    face = look(photo(name))
    covered = face.image.copy()
    mouth = points(face)[[13, 15, 16, 20, 12]].astype(np.int32)
    cv2.fillConvexPoly(covered, cv2.convexHull(mouth), (220, 200, 170))
    answers = set()
    for version in (face, on(face, covered)):
        (mask,), (emotions,) = (
            MaskEstimator(sessions).estimate([version]),
            EmotionEstimator(sessions).estimate([version]),
        )
        quality = judge(version)
        assert quality.not_masked == (not mask.value)
        assert quality.neutral_emotion_score == pytest.approx(100 * sharpened(emotions).neutral, abs=SCORE)
        answers.add(quality.not_masked)
    assert answers == {True, False}


def test_forty_faces_of_one_photo_are_judged_as_each_alone(sessions: SessionSource, look: Look, judge: Judge) -> None:
    faces = [look(photo(name)) for name in PORTRAITS for _ in range(8)]
    for face, quality in zip(faces, QualityAssessmentEstimator(sessions).estimate(faces), strict=True):
        alone = judge(face)
        assert_alike(quality, alone)
