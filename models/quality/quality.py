"""The result of the quality estimator."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of one face in its photo, in the public order of the fields.

    A field that ends in `_score` is a whole number from 0 to 100. The flag beside a number says whether it passes; it
    follows from the published number, so the two never disagree. Left and right are the viewer's. Background and
    watermark are properties of the photo, and are the same for all its faces.

    Attributes:
        total_score: higher = better to recognise (`quality.scores`).
        is_sharp: `sharpness_score` is at least 20.
        sharpness_score: higher = sharper (`quality.detail`).
        is_evenly_illuminated: `illumination_score` is at least 50.
        illumination_score: higher = lit more evenly, and neither too dark nor too bright (`quality.illumination`).
        no_flare: at most one hundredth of the face is blown out (`quality.illumination`).
        is_left_eye_opened: `left_eye_openness_score` is at least 50.
        left_eye_openness_score: higher = more surely open (`quality.eyes`).
        is_right_eye_opened: `right_eye_openness_score` is at least 50.
        right_eye_openness_score: higher = more surely open.
        is_rotation_acceptable: `max_rotation_deviation` is in [-10, 10].
        max_rotation_deviation: the angle among yaw, pitch and roll that is farthest from 0, with its sign as in `Pose`;
            whole degrees.
        not_masked: no mask is worn; the opposite of what the mask estimator says.
        not_masked_score: higher = more surely without a mask; at least 20 means `not_masked` (`quality.scores`).
        is_neutral_emotion: `neutral_emotion_score` is at least 20.
        neutral_emotion_score: higher = more neutral; the share that the emotion network gives before its temperature.
        is_eyes_distance_acceptable: `eyes_distance` is at least 60.
        eyes_distance: between the centres of the eyes, in whole pixels of the image.
        is_margins_acceptable: both margin deviations are 0.
        margin_outer_deviation: by how much the head is too large or misplaced, in whole pixels of the image; 0 = it is
            neither; never negative (`quality.geometry`).
        margin_inner_deviation: by how much the head is too small, on each side, in whole pixels; 0 = it is not.
        is_not_noisy: `noise_score` is at least 20.
        noise_score: higher = cleaner (`quality.detail`).
        watermark_score: higher = more surely there is a watermark (`quality.watermark`).
        has_watermark: `watermark_score` is at least 50.
        dynamic_range_score: not a score: the grey levels, 0 to 255, between the darkest and the brightest hundredth
            of the face's box.
        is_dynamic_range_acceptable: `dynamic_range_score` is above 128.
        background_uniformity_score: higher = more uniform (`quality.background`).
        is_background_uniform: `background_uniformity_score` is at least 9.
    """

    total_score: int
    is_sharp: bool
    sharpness_score: int
    is_evenly_illuminated: bool
    illumination_score: int
    no_flare: bool
    is_left_eye_opened: bool
    left_eye_openness_score: int
    is_right_eye_opened: bool
    right_eye_openness_score: int
    is_rotation_acceptable: bool
    max_rotation_deviation: int
    not_masked: bool
    not_masked_score: int
    is_neutral_emotion: bool
    neutral_emotion_score: int
    is_eyes_distance_acceptable: bool
    eyes_distance: int
    is_margins_acceptable: bool
    margin_outer_deviation: int
    margin_inner_deviation: int
    is_not_noisy: bool
    noise_score: int
    watermark_score: int
    has_watermark: bool
    dynamic_range_score: int
    is_dynamic_range_acceptable: bool
    background_uniformity_score: int
    is_background_uniform: bool
