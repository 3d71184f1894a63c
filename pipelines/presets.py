"""Presets: the pipelines that most callers need, by name."""

from collections.abc import Mapping
from types import MappingProxyType

PRESETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "face-analysis": (
            "face-detector-face-fitter",
            "age-estimator",
            "gender-estimator",
            "emotion-estimator",
            "mask-estimator",
        ),
        "passport-check": ("face-detector-face-fitter", "quality-assessment-estimator", "mask-estimator"),
        "enrolment": (
            "face-detector-face-fitter",
            "quality-assessment-estimator",
            "liveness-estimator",
            "template-extractor",
        ),
    }
)
"""The services of each preset, in the order in which they run."""

VERIFY = "verify"
"""The preset that compares two photos: the routes that take one sample do not have it."""
PAIR_PRESETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {VERIFY: ("face-detector-face-fitter", "template-extractor", "verify-matcher")}
)
"""The services of each preset that takes two photos; options add services for quality and liveness."""
