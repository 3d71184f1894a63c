"""Service `gender-estimator`: the apparent gender of each face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.imaging.crops import warp
from models.imaging.decode import Image
from models.imaging.geometry import Points, similarity
from models.imaging.preprocessing import rgb_planes, with_mirrors
from models.networks.face_crop import face_crop
from models.networks.landmarks import LandmarkName, select
from models.output import Output
from models.runtime.session import FloatArray, SessionSource, infer
from models.services.face_attribute import FaceAttributeEstimator

_WIDE, _SMALL = "faceapi-age-gender", "dlib-gender"
_WIDE_SCALE = 0.9
_SMALL_SIZE = 32
_SUPERSAMPLE = 4
_MEAN = np.array([122.782, 117.001, 104.298], np.float32).reshape(3, 1, 1)
# Where dlib's chips have the outer and inner corner of the right eye, those of the left, and the base of the nose:
# on its five-point template, with a margin of 0.2.
_TEMPLATE = (
    np.array(
        [
            [0.8595674595992, 0.2134981538014],
            [0.6460604764104, 0.2289674387677],
            [0.1205750620789, 0.2137274526848],
            [0.3340850613712, 0.2290642403242],
            [0.4901123135679, 0.6277975316475],
        ]
    )
    + 0.2
) / 1.4
_EYE_CORNERS = (
    LandmarkName.RIGHT_EYE_RIGHT,
    LandmarkName.RIGHT_EYE_LEFT,
    LandmarkName.LEFT_EYE_LEFT,
    LandmarkName.LEFT_EYE_RIGHT,
)
_NOSE = (LandmarkName.NOSE_LEFT, LandmarkName.NOSE_RIGHT, LandmarkName.NOSE, LandmarkName.MOUTH)
# The base of the nose is not among the 21 points; this mean of four is 1 % of the eye distance away from it.
_NOSE_BASE = np.array([0.19, 0.19, 0.45, 0.17])


@dataclass(frozen=True, slots=True)
class Gender:
    """The gender that a face is taken for.

    Attributes:
        value: the likelier one.
        confidence: its probability, in [0.5, 1]; low on children under ten, where three in four are right.
            None if the caller sent the gender.
    """

    value: Literal["male", "female"]
    confidence: float | None = None


class GenderEstimator(FaceAttributeEstimator[Gender]):
    """Estimates the gender that each face is taken for."""

    name = "gender-estimator"
    output = Output("gender", Gender)
    weights = (*FaceAttributeEstimator.fitting_models, _WIDE, _SMALL)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        super().__init__(sessions, options)
        self._wide = sessions(_WIDE)
        self._small = sessions(_SMALL)

    def _estimate(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[Gender]:
        """Mean of two networks that err on different faces."""
        crops = (face_crop(image, points, _WIDE_SCALE) for image, points in zip(images, landmarks, strict=True))
        chips = (_chip(image, points) for image, points in zip(images, landmarks, strict=True))
        wide = infer(self._wide, with_mirrors(crops), rgb_planes)["gender"].reshape(-1, 2, 2)[:, :, 0].mean(axis=1)
        small = infer(self._small, chips, _centred)["probabilities"][:, 1]
        return [_gender(float(male)) for male in (wide + small) / 2]


def _chip(image: Image, landmarks: Points) -> Image:
    """(32, 32, 3) uint8: the crop that dlib's networks were trained on."""
    points = np.vstack([select(landmarks, *_EYE_CORNERS), _NOSE_BASE @ select(landmarks, *_NOSE)])
    return warp(image, similarity(points, _TEMPLATE * _SMALL_SIZE), _SMALL_SIZE, _SUPERSAMPLE)


def _centred(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, 3, h, w) float32 RGB, about [-0.5, 0.5]."""
    return (rgb_planes(images) - _MEAN) / np.float32(256)


def _gender(male: float) -> Gender:
    return Gender("male", male) if male > 0.5 else Gender("female", 1 - male)
