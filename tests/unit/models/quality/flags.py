"""The published thresholds, once more, to hold the flags against."""

from models.quality.quality import Quality


def flags_that_follow(quality: Quality) -> dict[str, bool]:
    """Every flag, told from the published numbers; `no_flare` has none."""
    return {
        "is_sharp": quality.sharpness_score >= 20,
        "is_evenly_illuminated": quality.illumination_score >= 50,
        "is_left_eye_opened": quality.left_eye_openness_score >= 50,
        "is_right_eye_opened": quality.right_eye_openness_score >= 50,
        "is_rotation_acceptable": -10 <= quality.max_rotation_deviation <= 10,
        "not_masked": quality.not_masked_score >= 20,
        "is_neutral_emotion": quality.neutral_emotion_score >= 20,
        "is_eyes_distance_acceptable": quality.eyes_distance >= 60,
        "is_margins_acceptable": (quality.margin_outer_deviation, quality.margin_inner_deviation) == (0, 0),
        "is_not_noisy": quality.noise_score >= 20,
        "has_watermark": quality.watermark_score >= 50,
        "is_dynamic_range_acceptable": quality.dynamic_range_score > 128,
        "is_background_uniform": quality.background_uniformity_score >= 9,
    }


def flags(quality: Quality) -> dict[str, bool]:
    """Every flag as it was published."""
    return {name: getattr(quality, name) for name in flags_that_follow(quality)}
