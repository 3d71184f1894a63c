"""Service `verify-matcher`: whether two templates are of one person."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.calibration.operating_points import (
    STEPS_PER_DISSIMILARITY,
    error_curve,
    operating_points,
    sface_calibration,
)
from models.family import ModelFamily
from models.networks.template import decode
from models.output import Output
from models.runtime.session import SessionSource
from models.service import MatchingService


@dataclass(frozen=True, slots=True)
class Verification:
    """How different two faces are.

    Attributes:
        distance: 7500 * (1 - cosine of the embeddings), rounded: 0 for equal templates, about 7000 for two people, at
            most 15000.
        fa_r: rate of false acceptances when this distance is the threshold, in [0, 1]; grows with the distance.
        fr_r: rate of false rejections at this threshold, in [0, 1]; falls.
        score: how surely it is one person; falls from 1 to 0, and is 0.85 where one impostor in a million passes.
    """

    distance: int
    fa_r: float
    fr_r: float
    score: float


class VerifyMatcher(MatchingService[Verification]):
    """Compares two faces by their templates."""

    name = "verify-matcher"
    family = ModelFamily.MATCHING
    output = Output("verification", Verification)
    operating_points = tuple(operating_points().values())
    error_curve = error_curve()
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource) -> None:
        self._calibration = sface_calibration()

    def match(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[Verification]:
        """See `MatchingService.match`."""
        return [self._compared(first, second) for first, second in pairs]

    def _compared(self, first: bytes, second: bytes) -> Verification:
        cosine = float(decode(first) @ decode(second))
        distance = round(STEPS_PER_DISSIMILARITY * (1 - min(max(cosine, -1.0), 1.0)))
        rates = self._calibration.rates(distance / STEPS_PER_DISSIMILARITY)
        return Verification(distance, rates.fa_r, rates.fr_r, rates.score)
