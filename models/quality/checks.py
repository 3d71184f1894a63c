"""The checks of a photo's quality: which number each flag follows from, and its threshold."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from models.quality import background, detail, eyes, geometry, illumination, scores, watermark

Rule: TypeAlias = Literal["at_least", "above", "below", "within", "is_zero"]


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """A flag of `Quality`, and how it follows from a number beside it.

    Attributes:
        flag: its name.
        passes: its value where the photo passes.
        measures: the names of the numbers; empty where none is published.
        rule: what a number has to be; `within` means from minus to plus the threshold.
        threshold: in the unit of the number; scores are from 0 to 100.
    """

    flag: str
    measures: tuple[str, ...]
    rule: Rule
    threshold: float
    passes: bool = True


CHECKS = (
    QualityCheck("is_sharp", ("sharpness_score",), "at_least", detail.SHARPNESS_THRESHOLD),
    QualityCheck("is_evenly_illuminated", ("illumination_score",), "at_least", illumination.THRESHOLD),
    QualityCheck(
        "is_dynamic_range_acceptable", ("dynamic_range_score",), "above", illumination.DYNAMIC_RANGE_THRESHOLD
    ),
    QualityCheck("no_flare", (), "below", 100 * illumination.FLARE_THRESHOLD),
    QualityCheck("is_not_noisy", ("noise_score",), "at_least", detail.NOISE_THRESHOLD),
    QualityCheck("is_left_eye_opened", ("left_eye_openness_score",), "at_least", eyes.THRESHOLD),
    QualityCheck("is_right_eye_opened", ("right_eye_openness_score",), "at_least", eyes.THRESHOLD),
    QualityCheck("is_rotation_acceptable", ("max_rotation_deviation",), "within", geometry.ROTATION_THRESHOLD),
    QualityCheck("is_eyes_distance_acceptable", ("eyes_distance",), "at_least", geometry.EYES_DISTANCE_THRESHOLD),
    QualityCheck("is_margins_acceptable", ("margin_outer_deviation", "margin_inner_deviation"), "is_zero", 0),
    QualityCheck("not_masked", ("not_masked_score",), "at_least", scores.MASK_THRESHOLD),
    QualityCheck("is_neutral_emotion", ("neutral_emotion_score",), "at_least", scores.NEUTRAL_THRESHOLD),
    QualityCheck("is_background_uniform", ("background_uniformity_score",), "at_least", background.THRESHOLD),
    QualityCheck("has_watermark", ("watermark_score",), "below", watermark.THRESHOLD, passes=False),
)
"""All checks: each flag of `Quality` has one."""
