from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.networks.emotions import EMOTIONS, Emotions
from models.networks.mask import MASK, Mask
from models.output import Pose
from models.quality.assessor import QualityAssessor
from models.quality.quality import Quality
from models.runtime.session import MAX_ROWS
from models.service import Face
from tests.unit.models.networks.networks import Constant
from tests.unit.models.quality.drawn import blurred, drawn_face, lit, noisy
from tests.unit.models.quality.flags import flags, flags_that_follow
from tests.unit.models.quality.networks import Networks, Spread, frontal

OTHERS = ("angry", "disgusted", "scared", "neutral", "sad", "surprised")
ANGLES = st.floats(-90, 90)


def assessed(face: Face, networks: Networks | None = None) -> Quality:
    ((quality,),) = QualityAssessor(networks or Networks()).assess([face.image], [[face]])
    return quality


def test_the_public_fields_and_their_order() -> None:
    assert tuple(Quality.__dataclass_fields__) == (
        "total_score",
        "is_sharp",
        "sharpness_score",
        "is_evenly_illuminated",
        "illumination_score",
        "no_flare",
        "is_left_eye_opened",
        "left_eye_openness_score",
        "is_right_eye_opened",
        "right_eye_openness_score",
        "is_rotation_acceptable",
        "max_rotation_deviation",
        "not_masked",
        "not_masked_score",
        "is_neutral_emotion",
        "neutral_emotion_score",
        "is_eyes_distance_acceptable",
        "eyes_distance",
        "is_margins_acceptable",
        "margin_outer_deviation",
        "margin_inner_deviation",
        "is_not_noisy",
        "noise_score",
        "watermark_score",
        "has_watermark",
        "dynamic_range_score",
        "is_dynamic_range_acceptable",
        "background_uniformity_score",
        "is_background_uniform",
    )


@settings(max_examples=40)
@given(
    grey=st.tuples(st.floats(0, 3), st.floats(0.1, 2), st.floats(0, 40)),
    pose=st.builds(Pose, ANGLES, ANGLES, ANGLES),
    openness=st.floats(-3, 3),
    mask=st.floats(0, 1),
    neutral=st.floats(0, 1),
)
def test_every_flag_follows_from_the_published_number(
    grey: tuple[float, float, float], pose: Pose, openness: float, mask: float, neutral: float
) -> None:
    sigma, gain, deviation = grey
    networks = Networks(
        eye=Constant(logits=[0.0, openness]),
        mask=Constant(probabilities=[mask, 1 - mask]),
        expression=Constant(expression=[neutral, 1 - neutral, 0, 0, 0, 0, 0]),
    )
    face = frontal(noisy(lit(blurred(drawn_face(), sigma), gain), deviation), pose)
    quality = assessed(face, networks)
    assert flags(quality) == flags_that_follow(quality)
    # Not numpy's: they have to become JSON.
    assert {type(value) for value in astuple(quality)} == {bool, int}


def test_each_network_speaks_for_its_own_fields() -> None:
    best = assessed(frontal())
    closed = assessed(frontal(), Networks(eye=Constant(logits=[30.0, 0.0])))
    assert closed == replace(
        best, is_left_eye_opened=False, left_eye_openness_score=0, is_right_eye_opened=False, right_eye_openness_score=0
    )
    happy = assessed(frontal(), Networks(expression=Constant(expression=[0.0, 1, 0, 0, 0, 0, 0])))
    assert happy == replace(best, is_neutral_emotion=False, neutral_emotion_score=0)
    masked = assessed(frontal(), Networks(mask=Constant(probabilities=[1.0, 0.0])))
    assert masked == replace(best, not_masked=False, not_masked_score=0, total_score=masked.total_score)
    assert masked.total_score < best.total_score
    crowd = assessed(frontal(), Networks(selfie=Constant(alpha=[1.0] * 256**2)))
    assert crowd == replace(best, is_background_uniform=False, background_uniformity_score=0)


def test_each_eye_has_its_own_score_and_flag() -> None:
    winking = drawn_face()
    winking[44:90, 100:] = 150
    quality = assessed(frontal(winking), Networks(eye=Spread()))
    assert quality.left_eye_openness_score > 50 > quality.right_eye_openness_score
    assert (quality.is_left_eye_opened, quality.is_right_eye_opened) == (True, False)


def test_the_angle_reaches_the_answer_with_its_sign() -> None:
    quality = assessed(frontal(pose=Pose(3.0, -24.4, 5.0)))
    assert quality.max_rotation_deviation == -24
    assert not quality.is_rotation_acceptable
    assert quality.total_score < assessed(frontal()).total_score


def test_many_faces_keep_their_order_and_their_images() -> None:
    gains = [0.1, 0.2, 0.3, 0.4, 1.0]
    single = [assessed(frontal(lit(drawn_face(), gain))) for gain in gains]
    assert len({quality.illumination_score for quality in single}) == len(gains)
    groups = [[frontal(lit(drawn_face(), gain))] * count for gain, count in zip(gains, (1, 0, 3, 0, 2), strict=True)]
    images = [frontal(lit(drawn_face(), gain)).image for gain in gains]
    found = QualityAssessor(Networks()).assess(images, groups)
    assert found == [[quality] * len(group) for quality, group in zip(single, groups, strict=True)]


def test_forty_faces_cost_their_image_one_look_and_share_batches() -> None:
    networks = Networks()
    face = frontal()
    QualityAssessor(networks).assess([face.image], [[face] * 40])
    assert [len(batch) for batch in networks.selfie.batches] == [1]
    for network, crops in ((networks.eye, 4), (networks.mask, 2), (networks.expression, 2)):
        assert [len(batch) for batch in network.batches] == [MAX_ROWS] * (40 * crops // MAX_ROWS)


@pytest.mark.parametrize("images", [[], [np.zeros((20, 30, 3), np.uint8)] * 2])
def test_images_without_faces_reach_no_network(images: list[np.ndarray]) -> None:
    networks = Networks()
    assert QualityAssessor(networks).assess(images, [[] for _ in images]) == [[] for _ in images]
    for network in (networks.selfie, networks.eye, networks.mask, networks.expression):
        assert network.batches == []


@pytest.mark.parametrize("missing", ["landmarks", "pose"])
def test_a_face_that_was_not_fitted_is_refused(missing: str) -> None:
    face = frontal()
    setattr(face, missing, None)
    with pytest.raises(ValueError, match="fitted"):
        QualityAssessor(Networks()).assess([face.image], [[face]])


def test_what_services_have_said_before_is_taken_at_their_word() -> None:
    face, stranger = frontal(), frontal()
    MASK.put(face.cached_results, Mask(True, 1.0))
    EMOTIONS.put(face.cached_results, Emotions(happy=1.0, **dict.fromkeys(OTHERS, 0.0)))
    ((first, second),) = QualityAssessor(Networks()).assess([face.image], [[face, stranger]])
    assert (first.not_masked, first.neutral_emotion_score) == (False, 0)
    assert second == assessed(frontal())
