"""What other services say of a face, as scores of quality."""

from models.networks.emotions import Emotions
from models.networks.mask import Mask

NEUTRAL_THRESHOLD = 20
MASK_THRESHOLD = 20


def neutral_score(emotions: Emotions) -> int:
    """How neutral a face is, in [0, 100]: the emotion estimator's share ("expression neutrality", ISO/IEC 29794-5)."""
    return round(100 * emotions.neutral)


def not_masked_score(mask: Mask) -> int:
    """How surely a face is bare, in [0, 100]; at least 20 wherever the mask estimator says that it wears no mask.

    Moves the odds of the estimator's confidence, so that its one half comes to 20.
    """
    bare, threshold = 1 - mask.confidence, MASK_THRESHOLD / 100
    moved = bare * threshold / (bare * threshold + (1 - bare) * (1 - threshold))
    score = round(100 * moved)
    # Rounding must not contradict the estimator.
    return min(score, MASK_THRESHOLD - 1) if mask.value else max(score, MASK_THRESHOLD)
