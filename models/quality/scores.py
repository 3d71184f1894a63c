"""The published scores and flags of a face, from what was measured of its photo."""

from dataclasses import dataclass
from math import cos, prod, radians, sqrt

from models.calibration.shares import balanced
from models.networks.emotions import Emotions, sharpened
from models.networks.mask import Mask
from models.quality import background, detail, eyes, geometry, illumination, watermark
from models.quality.quality import Quality

NEUTRAL_THRESHOLD = 20
MASK_THRESHOLD = 20
# A mask covers this share of what recognisers compare.
_COVERED = 0.5


@dataclass(frozen=True, slots=True)
class PhotoMeasures:
    """What was measured of a photo, for all its faces.

    Attributes:
        uniformity: of the background, in [0, 1], higher = more uniform.
        watermark: in [0, 1], higher = more surely there is one.
    """

    uniformity: float
    watermark: float


@dataclass(frozen=True, slots=True)
class FaceMeasures:
    """What was measured of the pixels and landmarks of a face.

    Attributes:
        sharpness: in [0, 1], higher = sharper.
        illumination: in [0, 1], higher = more even, and neither too dark nor too bright.
        noise: in [0, 1], higher = cleaner.
        compression: in [0, 1], higher = fewer blocks.
        dynamic_range: in grey levels, [0, 255].
        blown: the share of the face that is blown out, in [0, 1].
        rotation_deg: the angle of the head that is farthest from 0, in whole degrees, with its sign.
        eyes_distance: in whole pixels.
        margin_deviations: outer and inner, in whole pixels; see `geometry.margin_deviations`.
    """

    sharpness: float
    illumination: float
    noise: float
    compression: float
    dynamic_range: int
    blown: float
    rotation_deg: int
    eyes_distance: int
    margin_deviations: tuple[int, int]


def quality_of(
    photo: PhotoMeasures, face: FaceMeasures, openness: tuple[float, float], mask: Mask, emotions: Emotions
) -> Quality:
    """The quality of a face in its photo; each flag follows from the rounded number beside it.

    Args:
        photo: what was measured of the photo.
        face: what was measured of the face.
        openness: how surely the left and the right eye are open, in [0, 1].
        mask: the result of the mask estimator.
        emotions: the result of the emotion estimator.
    """
    sharp, lit, clean = percent(face.sharpness), percent(face.illumination), percent(face.noise)
    left_eye, right_eye = (percent(share) for share in openness)
    bare, neutral = not_masked_score(mask), neutral_score(emotions)
    outer, inner = face.margin_deviations
    marked, uniform = percent(photo.watermark), percent(photo.uniformity)
    return Quality(
        total_score=percent(total(face, mask.confidence)),
        is_sharp=sharp >= detail.SHARPNESS_THRESHOLD,
        sharpness_score=sharp,
        is_evenly_illuminated=lit >= illumination.THRESHOLD,
        illumination_score=lit,
        no_flare=face.blown <= illumination.FLARE_THRESHOLD,
        is_left_eye_opened=left_eye >= eyes.THRESHOLD,
        left_eye_openness_score=left_eye,
        is_right_eye_opened=right_eye >= eyes.THRESHOLD,
        right_eye_openness_score=right_eye,
        is_rotation_acceptable=abs(face.rotation_deg) <= geometry.ROTATION_THRESHOLD,
        max_rotation_deviation=face.rotation_deg,
        not_masked=bare >= MASK_THRESHOLD,
        not_masked_score=bare,
        is_neutral_emotion=neutral >= NEUTRAL_THRESHOLD,
        neutral_emotion_score=neutral,
        is_eyes_distance_acceptable=face.eyes_distance >= geometry.EYES_DISTANCE_THRESHOLD,
        eyes_distance=face.eyes_distance,
        is_margins_acceptable=outer == inner == 0,
        margin_outer_deviation=outer,
        margin_inner_deviation=inner,
        is_not_noisy=clean >= detail.NOISE_THRESHOLD,
        noise_score=clean,
        watermark_score=marked,
        has_watermark=marked >= watermark.THRESHOLD,
        dynamic_range_score=face.dynamic_range,
        is_dynamic_range_acceptable=face.dynamic_range > illumination.DYNAMIC_RANGE_THRESHOLD,
        background_uniformity_score=uniform,
        is_background_uniform=uniform >= background.THRESHOLD,
    )


def total(face: FaceMeasures, mask: float) -> float:
    """How good a photo of a face is to recognise it by, in [0, 1]: the root of the product of eight shares.

    A product, since no strength makes up for a weakness: it falls with every measure, and is 0 where one of them is 0.
    The root keeps photos with several small faults, as everyday ones have, in the upper half.

    Sharpness, illumination, noise and compression enter unchanged, for they fall gradually. Dynamic range and blown
    highlights enter by the ratio to what passes, never above 1: more of the one, or less of the other, is not better.
    The rotation enters as cos², as ISO/IEC 29794-5 maps the angles of a head; a mask as the half of a face that it
    covers. Open eyes, expression, margins, background and watermarks are left out: they decide whether a photo fits a
    purpose, and have fields of their own.

    Args:
        face: what was measured of the face.
        mask: how surely a mask is worn, in [0, 1].
    """
    return sqrt(
        prod(
            (
                face.sharpness,
                face.illumination,
                face.noise,
                face.compression,
                min(face.dynamic_range / illumination.DYNAMIC_RANGE_THRESHOLD, 1),
                illumination.FLARE_THRESHOLD / max(face.blown, illumination.FLARE_THRESHOLD),
                max(cos(radians(face.rotation_deg)), 0) ** 2,
                1 - _COVERED * mask,
            )
        )
    )


def neutral_score(emotions: Emotions) -> int:
    """How neutral a face is, in [0, 100] ("expression neutrality", ISO/IEC 29794-5).

    The share that the emotion network gives before its temperature: the threshold was chosen on it.
    """
    return percent(sharpened(emotions).neutral)


def not_masked_score(mask: Mask) -> int:
    """How surely a face wears no mask, in [0, 100]; at least 20 wherever the mask estimator sees none.

    Moves the odds of the estimator's confidence, so that one half becomes 20.
    """
    score = percent(balanced(1 - mask.confidence, 1 - MASK_THRESHOLD / 100))
    # Rounding must not contradict the estimator.
    return min(score, MASK_THRESHOLD - 1) if mask.value else max(score, MASK_THRESHOLD)


def percent(share: float) -> int:
    """A share in [0, 1] as a whole number from 0 to 100."""
    return round(100 * share)
