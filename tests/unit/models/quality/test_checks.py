from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from models.networks.emotions import Emotions
from models.networks.mask import Mask
from models.quality.checks import CHECKS, QualityCheck
from models.quality.quality import Quality
from models.quality.scores import FaceMeasures, PhotoMeasures, quality_of

SHARES = st.floats(0, 1)


def passes(check: QualityCheck, value: float) -> bool:
    rules = {
        "at_least": value >= check.threshold,
        "above": value > check.threshold,
        "below": value < check.threshold,
        "within": abs(value) <= check.threshold,
        "is_zero": value == 0,
    }
    return rules[check.rule]


def test_each_flag_has_a_check() -> None:
    flags = [field.name for field in fields(Quality) if field.type in (bool, "bool")]
    assert sorted(check.flag for check in CHECKS) == sorted(flags)


@given(
    SHARES,
    SHARES,
    st.tuples(SHARES, SHARES, SHARES, SHARES),
    st.integers(0, 255),
    st.integers(-180, 180),
    st.integers(0, 200),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.tuples(SHARES, SHARES),
    SHARES,
    SHARES,
)
def test_each_flag_follows_from_its_numbers_as_its_check_says(
    uniformity: float,
    watermark: float,
    shares: tuple[float, float, float, float],
    dynamic_range: int,
    rotation_deg: int,
    eyes_distance: int,
    margins: tuple[int, int],
    openness: tuple[float, float],
    masked: float,
    neutral: float,
) -> None:
    sharpness, illumination, noise, compression = shares
    emotions = Emotions(1 - neutral, 0.0, 0.0, 0.0, neutral, 0.0, 0.0)
    face = FaceMeasures(
        sharpness, illumination, noise, compression, dynamic_range, 0.0, rotation_deg, eyes_distance, margins
    )
    quality = quality_of(PhotoMeasures(uniformity, watermark), face, openness, Mask(masked >= 0.5, masked), emotions)
    for check in CHECKS:
        if check.measures:
            passed = all(passes(check, getattr(quality, name)) for name in check.measures)
            assert (getattr(quality, check.flag) == check.passes) == passed, check.flag
