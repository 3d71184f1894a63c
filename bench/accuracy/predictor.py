"""The services under examination: on many photos, on all cores, a few photos at a time, each photo once."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.accuracy.kit import InvalidKit
from models.errors import InvalidImage
from models.field import Field
from models.imaging.decode import Image, decode
from models.runtime.session import Session, SessionSource
from models.service import DetectingService, EstimatingService, Face, Found, Result, Service
from models.services.face_fitter import FaceFitter

# Whatever the size of a kit, this many photos per thread are in memory.
_BLOCK = 16
_OFF_CENTRE = 1.5

AnyService = TypeVar("AnyService", bound=Service)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a detecting service found in a photo of (height, width)."""

    found: list[Found]
    shape: tuple[int, int]

    @property
    def subject(self) -> Found | None:
        return subject(self.found, *self.shape)


class Examiner:
    """Runs services on photos in files and remembers their answers; itself not for use by several threads.

    Args:
        sessions: of the models.
        threads: how many blocks of photos are judged at a time.
    """

    def __init__(self, sessions: SessionSource, threads: int) -> None:
        self._sessions = sessions
        self._threads = threads
        self._services: dict[type[Service], Service] = {}
        self._models: dict[type[Service], list[str]] = {}
        self._answers: dict[tuple[Hashable, Path], Any] = {}

    def service(self, service: type[AnyService]) -> AnyService:
        """The service, loaded.

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

    def models(self, *services: type[Service]) -> list[str]:
        """The models that answer for some services; by default for all that were asked."""
        for service in services:
            self.service(service)
        return sorted({name for service in services or self._models for name in self._models[service]})

    def detected(self, photos: Sequence[Path], detector: type[DetectingService] = FaceFitter) -> list[list[Found]]:
        """What a detecting service finds in each photo.

        Raises:
            InvalidKit: a photo cannot be read.
            ModelError: the engine failed.
        """
        return [seen.found for seen in self._seen(photos, detector)]

    def subjects(self, photos: Sequence[Path], detector: type[DetectingService] = FaceFitter) -> list[Found | None]:
        """The face that each photo is of; None where none was found. Raises as `detected` does."""
        return [seen.subject for seen in self._seen(photos, detector)]

    def judged(self, photos: Sequence[Path], estimator: type[EstimatingService[Result]]) -> list[Result | None]:
        """What an estimating service says of the face that each photo is of, as the fitter found it.

        None where none was found. Raises as `detected` does.
        """
        service = self.service(estimator)
        subjects = dict(zip(photos, self.subjects(photos), strict=True))

        def judge(block: Sequence[Path]) -> list[Result | None]:
            pictured = [(photo, found) for photo in block if (found := subjects[photo]) is not None]
            results = iter(service.estimate([_face(_load(photo), found) for photo, found in pictured]))
            return [None if subjects[photo] is None else next(results) for photo in block]

        return self._remembered(estimator, photos, judge)

    def _seen(self, photos: Sequence[Path], detector: type[DetectingService]) -> list[_Seen]:
        service = self.service(detector)

        def look(block: Sequence[Path]) -> list[_Seen]:
            images = [_load(photo) for photo in block]
            found = service.detect(images)
            return [_Seen(faces, image.shape[:2]) for image, faces in zip(images, found, strict=True)]

        return self._remembered(detector, photos, look)

    def _remembered(
        self, asked: Hashable, photos: Sequence[Path], work: Callable[[Sequence[Path]], list[Any]]
    ) -> list[Any]:
        new = list(dict.fromkeys(photo for photo in photos if (asked, photo) not in self._answers))
        blocks = [new[start : start + _BLOCK] for start in range(0, len(new), _BLOCK)]
        with ThreadPoolExecutor(self._threads) as pool:
            for block, answers in zip(blocks, pool.map(work, blocks), strict=True):
                self._answers |= {(asked, photo): answer for photo, answer in zip(block, answers, strict=True)}
        return [self._answers[asked, photo] for photo in photos]


def subject(found: Sequence[Found], height: int, width: int) -> Found | None:
    """The face that a photo is of: the largest, and the more so the closer to the middle."""

    def weight(face: Found) -> float:
        off = np.linalg.norm((face.bbox[:2] + face.bbox[2:]) / 2 - np.array([width, height]) / 2)
        size = float(np.sqrt(np.prod(face.bbox[2:] - face.bbox[:2])))
        return size * (1 - _OFF_CENTRE * float(off) / float(np.hypot(width, height)))

    return max(found, key=weight, default=None)


def _face(image: Image, found: Found) -> Face:
    return Face(image, found.bbox, found.values[Field.LANDMARKS], found.values[Field.POSE])


def _load(photo: Path) -> Image:
    try:
        return decode(photo.read_bytes())
    except (OSError, InvalidImage) as error:
        raise InvalidKit(f"{photo} cannot be read: {error}") from error
