"""Measures the quality of faces in photos: runs the networks, measures the pixels, and scores what was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import ClassVar

import cv2
import numpy as np

from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.imaging.quarters import Quarter
from models.networks.emotions import EMOTIONS, EmotionClassifier, Emotions
from models.networks.mask import MASK, Mask, MaskClassifier
from models.output import Output, Pose, Value
from models.quality import detail, geometry, illumination
from models.quality.background import Background, Backgrounds, uniformity
from models.quality.eyes import EyeOpenness
from models.quality.quality import Quality
from models.quality.scores import FaceMeasures, PhotoMeasures, quality_of
from models.quality.view import FaceView, Grey
from models.quality.watermark import watermark
from models.runtime.session import SessionSource
from models.service import Face


@dataclass(frozen=True, slots=True)
class _Photo:
    """A photo, measured once for all its faces.

    Attributes:
        grey: (h, w) uint8 luminance.
        measures: of the photo.
    """

    grey: Grey
    measures: PhotoMeasures


class QualityAssessor:
    """Measures fitted faces: each photo once, and the faces of all photos in shared batches.

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
        """The quality of the faces of each image; images without faces are skipped.

        Args:
            images: each (h, w, 3) uint8.
            faces: of each image, with landmarks and pose.

        Raises:
            ModelError: the engine failed.
            ValueError: a face has no landmarks or no pose.
        """
        every = list(chain.from_iterable(faces))
        fits = [_fit(face) for face in every]
        photos = self._photos([(image, group) for image, group in zip(images, faces, strict=True) if group])
        openness = self._eyes.estimate([photo.grey for photo in photos], [landmarks for landmarks, _ in fits])
        masks = _cached_or_computed(MASK, every, self._classify_masks)
        emotions = _cached_or_computed(EMOTIONS, every, self._classify_emotions)
        measures = map(_measured, photos, every, fits)
        qualities = map(quality_of, (photo.measures for photo in photos), measures, openness, masks, emotions)
        return [list(islice(qualities, len(group))) for group in faces]

    def _classify_masks(self, faces: Sequence[Face]) -> list[Mask]:
        return self._masks.classify(
            [face.image for face in faces], [face.bbox for face in faces], [face.quarter or 0 for face in faces]
        )

    def _classify_emotions(self, faces: Sequence[Face]) -> list[Emotions]:
        return self._emotions.classify([face.image for face in faces], [_fit(face)[0] for face in faces])

    def _photos(self, shown: Sequence[tuple[Image, Sequence[Face]]]) -> list[_Photo]:
        """The measured photo of each face."""
        boxes = [[face.bbox for face in group] for _, group in shown]
        quarters = [_quarter(group) for _, group in shown]
        found = self._backgrounds.find([image for image, _ in shown], boxes, quarters)
        photos = [_photo(image, behind) for (image, _), behind in zip(shown, found, strict=True)]
        return [photo for photo, (_, group) in zip(photos, shown, strict=True) for _ in group]


def _quarter(faces: Sequence[Face]) -> Quarter:
    """The quarter turn of the largest face of a photo."""
    largest = max(faces, key=lambda face: float((face.bbox[2:] - face.bbox[:2]).prod()))
    return largest.quarter or 0


def _fit(face: Face) -> tuple[Points, Pose]:
    if face.landmarks is None or face.pose is None:
        raise ValueError("only fitted faces can be assessed: this one lacks landmarks or pose")
    return face.landmarks, face.pose


def _cached_or_computed(
    output: Output[Value], faces: Sequence[Face], compute: Callable[[Sequence[Face]], list[Value]]
) -> list[Value]:
    """The value of each face: the cached result of an earlier service, or else a new one."""
    cached = [output.of(face.cached_results) for face in faces]
    computed = iter(compute([face for face, value in zip(faces, cached, strict=True) if value is None]))
    return [next(computed) if value is None else value for value in cached]


def _photo(image: Image, behind: Background) -> _Photo:
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    return _Photo(grey, PhotoMeasures(uniformity(behind), watermark(grey, behind)))


def _measured(photo: _Photo, face: Face, fit: tuple[Points, Pose]) -> FaceMeasures:
    landmarks, pose = fit
    view = FaceView.of(photo.grey, face.bbox, landmarks)
    return FaceMeasures(
        sharpness=detail.sharpness(view),
        illumination=illumination.illumination(view),
        noise=detail.noise(view),
        compression=detail.compression(view),
        dynamic_range=illumination.dynamic_range(view),
        blown=illumination.blown(view),
        rotation_deg=geometry.rotation_deviation(pose),
        eyes_distance=geometry.eyes_distance(landmarks),
        margin_deviations=geometry.margin_deviations(landmarks, *photo.grey.shape),
    )
