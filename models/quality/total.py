"""The total score: what all that harms the recognition of a face leaves of it."""

from math import cos, prod, radians, sqrt

from models.quality.illumination import DYNAMIC_RANGE_THRESHOLD, FLARE_THRESHOLD

# A mask covers this share of what recognisers compare.
_COVERED = 0.5


def total(
    *,
    sharpness: float,
    illumination: float,
    noise: float,
    compression: float,
    dynamic_range: float,
    blown: float,
    rotation_deg: float,
    mask: float,
) -> float:
    """How good a photo of a face is to recognise it by, in [0, 1]: the root of the product of eight shares.

    A product, since no strength makes up for a weakness: it falls with every measure by itself, and is 0 where one of
    them is. The root keeps photos with several small faults, as everyday ones have, in the upper half.

    Sharpness, illumination, noise and compression enter as they are, for they fall gradually. Dynamic range and blown
    highlights enter by the ratio to what passes, never above 1: more of the one, or less of the other, is not better.
    The rotation enters as cos², as ISO/IEC 29794-5 maps the angles of a head; a mask as the half of a face that it
    covers. Open eyes, expression, margins, background and watermarks are left out: they tell whether a photo fits a
    purpose, and have fields of their own.

    Args:
        sharpness: in [0, 1], higher = sharper.
        illumination: in [0, 1], higher = more even, and neither too dark nor too bright.
        noise: in [0, 1], higher = cleaner.
        compression: in [0, 1], higher = fewer blocks.
        dynamic_range: in grey levels, [0, 255].
        blown: the share of the face that is blown out.
        rotation_deg: the angle of the head that is farthest from 0.
        mask: how surely one is worn, in [0, 1].
    """
    return sqrt(
        prod(
            (
                sharpness,
                illumination,
                noise,
                compression,
                min(dynamic_range / DYNAMIC_RANGE_THRESHOLD, 1),
                FLARE_THRESHOLD / max(blown, FLARE_THRESHOLD),
                max(cos(radians(rotation_deg)), 0) ** 2,
                1 - _COVERED * mask,
            )
        )
    )
