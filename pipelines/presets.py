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
