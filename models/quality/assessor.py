"""Puts all measures of a face's photo together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import ClassVar

import cv2
import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.networks.emotions import EMOTIONS, EmotionClassifier, Emotions
from models.networks.mask import MASK, Mask, MaskClassifier
from models.output import Output, Pose, Value
from models.quality import attributes, background, eyes, geometry, illumination, noise, sharpness, watermark
from models.quality.background import Background, Backgrounds
from models.quality.compression import compression
from models.quality.eyes import EyeOpenness
from models.quality.quality import Quality
from models.quality.total import total
from models.quality.view import FaceView, Grey
from models.runtime.session import SessionSource
from models.service import Face


@dataclass(frozen=True, slots=True)
class _Photo:
    """What is said of a photo once, for all its faces.

    Attributes:
        grey: (h, w) uint8 luminance.
        uniformity: of the background, in [0, 100].
        watermark: how surely there is one, in [0, 100].
    """

    grey: Grey
    uniformity: int
    watermark: int


class QualityAssessor:
    """Measures fitted faces: each photo once, and the faces of all photos in common batches.

    Attributes:
        models: the networks that it runs.
    """

    models: ClassVar[tuple[str, ...]] = (
        Backgrounds.model,
        EyeOpenness.model,
        MaskClassifier.model,
        EmotionClassifier.model,
    )

    def __init__(self, sessions: SessionSource) -> None:
        self._backgrounds = Backgrounds(sessions(Backgrounds.model))
        self._eyes = EyeOpenness(sessions(EyeOpenness.model))
        self._masks = MaskClassifier(sessions(MaskClassifier.model))
        self._emotions = EmotionClassifier(sessions(EmotionClassifier.model))

    def assess(self, images: Sequence[Image], faces: Sequence[Sequence[Face]]) -> list[list[Quality]]:
        """Measure the faces of each image; images without any are not looked at.

        Args:
            images: each (h, w, 3) uint8.
            faces: those in each image, with landmarks and pose.

        Raises:
            ModelError: the engine failed.
            ValueError: a face has no landmarks or no pose.
        """
        every = list(chain.from_iterable(faces))
        fits = [_fit(face) for face in every]
        photos = self._photos([(image, group) for image, group in zip(images, faces, strict=True) if group])
        openness = self._eyes.judge([photo.grey for photo in photos], [landmarks for landmarks, _ in fits])
        masks = _cached_or_judged(MASK, every, self._judge_masks)
        emotions = _cached_or_judged(EMOTIONS, every, self._judge_emotions)
        qualities = map(_quality, photos, every, fits, openness, masks, emotions)
        return [list(islice(qualities, len(group))) for group in faces]

    def _judge_masks(self, faces: Sequence[Face]) -> list[Mask]:
        return self._masks.classify([face.image for face in faces], [face.bbox for face in faces])

    def _judge_emotions(self, faces: Sequence[Face]) -> list[Emotions]:
        return self._emotions.classify([face.image for face in faces], [_fit(face)[0] for face in faces])

    def _photos(self, shown: Sequence[tuple[Image, Sequence[Face]]]) -> list[_Photo]:
        """The photo of each face."""
        boxes = [[face.bbox for face in group] for _, group in shown]
        found = self._backgrounds.find([image for image, _ in shown], boxes)
        photos = [_photo(image, behind) for (image, _), behind in zip(shown, found, strict=True)]
        return [photo for photo, (_, group) in zip(photos, shown, strict=True) for _ in group]


def _fit(face: Face) -> tuple[Points, Pose]:
    if face.landmarks is None or face.pose is None:
        raise ValueError("only fitted faces can be assessed: this one lacks landmarks or pose")
    return face.landmarks, face.pose


def _cached_or_judged(
    output: Output[Value], faces: Sequence[Face], judge: Callable[[Sequence[Face]], list[Value]]
) -> list[Value]:
    """The value of each face: the cached result of an earlier service, or else a new one."""
    cached = [output.of(face.cached_results) for face in faces]
    judged = iter(judge([face for face, value in zip(faces, cached, strict=True) if value is None]))
    return [next(judged) if value is None else value for value in cached]


def _photo(image: Image, behind: Background) -> _Photo:
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    return _Photo(grey, _percent(background.uniformity(behind)), _percent(watermark.watermark(grey, behind)))


def _quality(
    photo: _Photo,
    face: Face,
    fit: tuple[Points, Pose],
    openness: tuple[float, float],
    mask: Mask,
    emotions: Emotions,
) -> Quality:
    landmarks, pose = fit
    view = FaceView.of(photo.grey, face.bbox, landmarks)
    sharp, lit, clean = sharpness.sharpness(view), illumination.illumination(view), noise.noise(view)
    levels, blown, rotation = (
        illumination.dynamic_range(view),
        illumination.blown(view),
        geometry.rotation_deviation(pose),
    )
    whole = total(
        sharpness=sharp,
        illumination=lit,
        noise=clean,
        compression=compression(view),
        dynamic_range=levels,
        blown=blown,
        rotation_deg=rotation,
        mask=mask.confidence,
    )
    left_eye, right_eye = (_percent(share) for share in openness)
    sharp_score, lit_score, clean_score = (_percent(share) for share in (sharp, lit, clean))
    bare, neutral = attributes.not_masked_score(mask), attributes.neutral_score(emotions)
    distance = geometry.eyes_distance(landmarks)
    outer, inner = geometry.margin_deviations(landmarks, *photo.grey.shape)
    # The flags follow from the rounded numbers.
    return Quality(
        total_score=_percent(whole),
        is_sharp=sharp_score >= sharpness.THRESHOLD,
        sharpness_score=sharp_score,
        is_evenly_illuminated=lit_score >= illumination.THRESHOLD,
        illumination_score=lit_score,
        no_flare=blown <= illumination.FLARE_THRESHOLD,
        is_left_eye_opened=left_eye >= eyes.THRESHOLD,
        left_eye_openness_score=left_eye,
        is_right_eye_opened=right_eye >= eyes.THRESHOLD,
        right_eye_openness_score=right_eye,
        is_rotation_acceptable=abs(rotation) <= geometry.ROTATION_THRESHOLD,
        max_rotation_deviation=rotation,
        not_masked=bare >= attributes.MASK_THRESHOLD,
        not_masked_score=bare,
        is_neutral_emotion=neutral >= attributes.NEUTRAL_THRESHOLD,
        neutral_emotion_score=neutral,
        is_eyes_distance_acceptable=distance >= geometry.EYES_DISTANCE_THRESHOLD,
        eyes_distance=distance,
        is_margins_acceptable=outer == inner == 0,
        margin_outer_deviation=outer,
        margin_inner_deviation=inner,
        is_not_noisy=clean_score >= noise.THRESHOLD,
        noise_score=clean_score,
        watermark_score=photo.watermark,
        has_watermark=photo.watermark >= watermark.THRESHOLD,
        dynamic_range_score=levels,
        is_dynamic_range_acceptable=levels > illumination.DYNAMIC_RANGE_THRESHOLD,
        background_uniformity_score=photo.uniformity,
        is_background_uniform=photo.uniformity >= background.THRESHOLD,
    )


def _percent(share: float) -> int:
    return round(100 * share)
