import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.scores import MASK_THRESHOLD, FaceMeasures, neutral_score, not_masked_score, total
from models.services.emotion_estimator import Emotions
from models.services.mask_estimator import Mask


@given(st.floats(0, 1))
def test_the_score_passes_wherever_the_estimator_sees_no_mask(confidence: float) -> None:
    mask = Mask(confidence >= 0.5, confidence)
    score = not_masked_score(mask)
    assert 0 <= score <= 100
    assert (score >= MASK_THRESHOLD) == (not mask.value)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_surer_mask_never_raises_the_score(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert not_masked_score(Mask(more >= 0.5, more)) <= not_masked_score(Mask(less >= 0.5, less))


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (Mask(False, 0.0), 100),
        (Mask(False, 0.2), 50),
        (Mask(False, 0.4999), 20),
        (Mask(True, 0.5), 19),
        (Mask(True, 1.0), 0),
    ],
)
def test_the_scale(mask: Mask, expected: int) -> None:
    assert not_masked_score(mask) == expected


def test_neutrality_is_the_share_of_the_neutral_expression_before_the_temperature() -> None:
    before = np.array([0.1, 0.0, 0.0, 0.25, 0.634, 0.016, 0.0])
    tempered = before ** (1 / 3.3)
    assert neutral_score(Emotions(*(tempered / tempered.sum()).tolist())) == 63


SHARES = st.floats(0, 1)


def scored(
    sharpness: float = 1,
    illumination: float = 1,
    noise: float = 1,
    compression: float = 1,
    dynamic_range: float = 255,
    blown: float = 0,
    rotation_deg: float = 0,
    mask: float = 0,
) -> float:
    face = FaceMeasures(
        sharpness=sharpness,
        illumination=illumination,
        noise=noise,
        compression=compression,
        dynamic_range=dynamic_range,
        blown=blown,
        rotation_deg=rotation_deg,
        eyes_distance=100,
        margin_deviations=(0, 0),
    )
    return total(face, mask)


def test_a_photo_without_fault_scores_one() -> None:
    assert scored() == 1


@given(st.lists(SHARES, min_size=4, max_size=4), st.floats(0, 255), SHARES, st.floats(-180, 180), SHARES)
def test_the_score_is_a_share(shares: list[float], levels: float, blown: float, rotation: float, mask: float) -> None:
    assert 0 <= scored(*shares, levels, blown, rotation, mask) <= 1


@pytest.mark.parametrize("index", range(8))
@given(st.lists(st.floats(0.01, 1), min_size=4, max_size=4), SHARES, SHARES)
def test_each_measure_counts_and_worse_is_never_better(
    index: int, shares: list[float], one: float, other: float
) -> None:
    start, end = ((0, 1), (0, 1), (0, 1), (0, 1), (0, 255), (1, 0), (90, 0), (1, 0))[index]
    scores = []
    for share in sorted((one, other)):
        values = [*shares, 120.0, 0.02, -15.0, 0.3]
        values[index] = start + share * (end - start)
        scores.append(scored(*values))
    assert scores[0] <= scores[1] + 1e-12
    worst, best = ([*shares, 120.0, 0.02, -15.0, 0.3] for _ in range(2))
    worst[index], best[index] = start, end
    assert scored(*worst) < scored(*best)


@pytest.mark.parametrize(
    "spoilt", [scored(sharpness=0), scored(noise=0), scored(dynamic_range=0), scored(rotation_deg=-90)]
)
def test_no_strength_makes_up_for_a_measure_at_zero(spoilt: float) -> None:
    assert spoilt == pytest.approx(0)


def test_what_passes_in_range_and_highlights_is_as_good_as_the_best() -> None:
    assert scored(dynamic_range=128, blown=0.01) == 1


def test_the_sign_of_the_rotation_does_not_matter() -> None:
    assert scored(rotation_deg=-30) == scored(rotation_deg=30) == pytest.approx(3**0.5 / 2)
