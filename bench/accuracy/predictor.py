"""Runs services on the photos of a kit, in blocks on all cores; each service sees each photo once."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.accuracy.kit import InvalidKit
from models.errors import InvalidImage
from models.imaging.decode import Image, decode
from models.output import Value
from models.runtime.session import Session, SessionSource
from models.service import DetectingService, EstimatingService, Face, Found, Service
from models.services.face_fitter import FaceFitter

# Bounds the memory: this many decoded photos per thread at a time, whatever the size of the kit. More are not faster,
# and each model keeps the memory of its largest batch.
_PHOTOS_PER_BLOCK = 4
# How much a face counts as smaller with its distance from the centre, relative to the diagonal of the photo.
_OFF_CENTRE_WEIGHT = 1.5

AnyService = TypeVar("AnyService", bound=Service)


@dataclass(frozen=True, slots=True)
class _Detections:
    """The objects that a detecting service found in a photo of (height, width)."""

    found: list[Found]
    shape: tuple[int, int]

    @property
    def main_face(self) -> Found | None:
        return main_face(self.found, *self.shape)


class Predictor:
    """Runs services on photo files and caches their answers. Not for use by several threads.

    Args:
        sessions: gives the session of a model.
        threads: the number of blocks of photos that are processed at a time.
        unload: frees the models that `sessions` gave; without it, they stay.
    """

    def __init__(self, sessions: SessionSource, threads: int, unload: Callable[[], None] | None = None) -> None:
        self._sessions = sessions
        self._unload = unload
        self._threads = threads
        self._services: dict[type[Service], Service] = {}
        self._models: dict[type[Service], list[str]] = {}
        self._answers: dict[tuple[Hashable, Path], Any] = {}

    def service(self, service: type[AnyService]) -> AnyService:
        """The loaded service.

        Raises:
            ModelError: one of its models is missing or does not load.
        """
        if service not in self._services:
            taken: list[str] = []

            def recorded(name: str) -> Session:
                session = self._sessions(name)
                taken.append(name)
                return session

            self._services[service] = service(recorded)
            self._models[service] = taken
        loaded = self._services[service]
        assert isinstance(loaded, service)
        return loaded

    def unload(self) -> None:
        """Frees the models; the answers stay, and services that are used again are loaded again."""
        self._services.clear()
        if self._unload is not None:
            self._unload()

    def models(self, *services: type[Service]) -> list[str]:
        """The models that some services use; by default those of all services that were run.

        Raises:
            ModelError: a model is missing or does not load.
        """
        for service in services:
            if service not in self._models:
                self.service(service)
        return sorted({name for service in services or self._models for name in self._models[service]})

    def detect(self, photos: Sequence[Path], detector: type[DetectingService] = FaceFitter) -> list[list[Found]]:
        """The objects that a detecting service finds in each photo.

        Raises:
            InvalidKit: a photo cannot be read.
            ModelError: a model is missing, or the engine failed.
        """
        return [detections.found for detections in self._detections(photos, detector)]

    def main_faces(self, photos: Sequence[Path], detector: type[DetectingService] = FaceFitter) -> list[Found | None]:
        """The main face of each photo; None if no face was found.

        Raises:
            InvalidKit: a photo cannot be read.
            ModelError: a model is missing, or the engine failed.
        """
        return [detections.main_face for detections in self._detections(photos, detector)]

    def estimate(self, photos: Sequence[Path], estimator: type[EstimatingService[Value]]) -> list[Value | None]:
        """The results of an estimating service for the main face of each photo; None if no face was found.

        Raises:
            InvalidKit: a photo cannot be read.
            ModelError: a model is missing, or the engine failed.
        """
        service = self.service(estimator)
        faces = dict(zip(photos, self.main_faces(photos), strict=True))

        def estimate_block(block: Sequence[Path]) -> list[Value | None]:
            with_face = [(photo, found) for photo in block if (found := faces[photo]) is not None]
            results = iter(service.estimate([_face(_load(photo), found) for photo, found in with_face]))
            return [None if faces[photo] is None else next(results) for photo in block]

        return self._cached(estimator, photos, estimate_block)

    def _detections(self, photos: Sequence[Path], detector: type[DetectingService]) -> list[_Detections]:
        service = self.service(detector)

        def detect_block(block: Sequence[Path]) -> list[_Detections]:
            images = [_load(photo) for photo in block]
            found = service.detect(images)
            return [_Detections(faces, image.shape[:2]) for image, faces in zip(images, found, strict=True)]

        return self._cached(detector, photos, detect_block)

    def _cached(
        self, service: Hashable, photos: Sequence[Path], run_block: Callable[[Sequence[Path]], list[Any]]
    ) -> list[Any]:
        new = list(dict.fromkeys(photo for photo in photos if (service, photo) not in self._answers))
        blocks = [new[start : start + _PHOTOS_PER_BLOCK] for start in range(0, len(new), _PHOTOS_PER_BLOCK)]
        with ThreadPoolExecutor(self._threads) as pool:
            for block, answers in zip(blocks, pool.map(run_block, blocks), strict=True):
                self._answers |= {(service, photo): answer for photo, answer in zip(block, answers, strict=True)}
        return [self._answers[service, photo] for photo in photos]


def main_face(found: Sequence[Found], height: int, width: int) -> Found | None:
    """The face that a photo is meant to show: the largest one, where faces far from the centre count as smaller."""

    def weight(face: Found) -> float:
        off = np.linalg.norm((face.bbox[:2] + face.bbox[2:]) / 2 - np.array([width, height]) / 2)
        size = float(np.sqrt(np.prod(face.bbox[2:] - face.bbox[:2])))
        return size * (1 - _OFF_CENTRE_WEIGHT * float(off) / float(np.hypot(width, height)))

    return max(found, key=weight, default=None)


def _face(image: Image, found: Found) -> Face:
    return Face(image, found.bbox, found.landmarks, found.pose)


def _load(photo: Path) -> Image:
    try:
        return decode(photo.read_bytes())
    except (OSError, InvalidImage) as error:
        raise InvalidKit(f"{photo} cannot be read: {error}") from error
