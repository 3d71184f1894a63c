import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.emotions import Emotions
from models.networks.mask import Mask
from models.quality.attributes import MASK_THRESHOLD, neutral_score, not_masked_score


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


def test_neutrality_is_the_share_of_the_neutral_expression() -> None:
    assert neutral_score(Emotions(0.1, 0.0, 0.0, 0.25, 0.634, 0.016, 0.0)) == 63
