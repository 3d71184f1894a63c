"""Runs services on samples: the bridge between relative samples and pixel arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from models.errors import InvalidRequest, ModelError
from models.field import Field
from models.geometry import quantise
from models.image import Image
from models.service import DetectingService, EstimatingService, Face, Found, Service
from pipelines.chunk import Failure, Item
from pipelines.dialects.dialect import Size
from pipelines.sample import Bbox, Landmarks, SampleObject


@dataclass(slots=True)
class Frame:
    """An item with its decoded image, and the faces of its sample as arrays."""

    item: Item
    image: Image
    faces: list[Face] = field(default_factory=list)

    @property
    def size(self) -> Size:
        """(height, width) of the image."""
        return self.image.shape[0], self.image.shape[1]

    def look(self) -> None:
        """Take the faces from the sample."""
        sample = self.item.sample
        sample.size = self.size
        self.faces = [_face(self.image, item) for item in sample.objects]


def open_frames(items: Sequence[Item], images: Callable[[str], Image]) -> list[Frame]:
    """The items that have an image and are alive, with their images.

    An image that cannot be read is its item's failure.

    Args:
        items: of one chunk.
        images: gives the decoded image of a blob.

    Raises:
        StorageError: the store did not answer; nothing has been noted.
    """
    frames: list[Frame] = []
    for item in items:
        if item.dead or item.blob is None:
            continue
        try:
            frames.append(Frame(item, images(item.blob)))
        except InvalidRequest as error:
            item.failures.append(Failure(service=None, type=error.type, message=str(error)))
            item.dead = True
    for frame in frames:
        frame.look()
    return frames


def run_service(service: Service, frames: Sequence[Frame], *, fail_fast: bool) -> float:
    """Run a service on all frames as one batch, and lay its results into their samples.

    Where the batch fails, each frame is run alone, so that a failing sample takes no neighbour along.

    Args:
        service: the service.
        frames: opened by `open_frames`.
        fail_fast: a failure ends its item, whether or not later services could go on.

    Returns:
        The time it took in milliseconds.
    """
    started = perf_counter()
    alive = [frame for frame in frames if not frame.item.dead]
    try:
        _apply(service, alive)
    except (InvalidRequest, ModelError):
        for frame in alive:
            try:
                _apply(service, [frame])
            except (InvalidRequest, ModelError) as error:
                frame.item.failures.append(Failure(service=service.name, type=error.type, message=str(error)))
                # Without its objects a sample has nothing for later services to judge.
                frame.item.dead = fail_fast or isinstance(service, DetectingService)
    return (perf_counter() - started) * 1000


def _apply(service: Service, frames: Sequence[Frame]) -> None:
    if isinstance(service, DetectingService):
        for frame, found in zip(frames, service.detect([frame.image for frame in frames]), strict=True):
            frame.item.sample.objects = [
                _sample_object(index, service, one, frame.size) for index, one in enumerate(found)
            ]
            frame.look()
    elif isinstance(service, EstimatingService):
        results = service.estimate([face for frame in frames for face in frame.faces])
        objects = [item for frame in frames for item in frame.item.sample.objects]
        for item, result in zip(objects, results, strict=True):
            setattr(item, service.field, result)
    else:
        raise NotImplementedError(service.name)


def _face(image: Image, item: SampleObject) -> Face:
    height, width = image.shape[:2]
    assert item.bbox is not None, "the plan has made sure of it"
    bbox = quantise(np.array(item.bbox) * (width, height, width, height))
    landmarks = quantise(np.array(item.landmarks) * (width, height)) if item.landmarks else None
    return Face(image, bbox, landmarks)


def _sample_object(index: int, service: Service, found: Found, size: Size) -> SampleObject:
    height, width = size
    values: dict[str, Any] = {field.value: value for field, value in found.values.items()}
    if Field.LANDMARKS in values:
        values[Field.LANDMARKS] = _relative_points(values[Field.LANDMARKS] / (width, height))
    return SampleObject(
        id=index,
        object_class=service.object_class,
        confidence=found.confidence,
        bbox=_relative_box(found.bbox / (width, height, width, height)),
        **values,
    )


def _relative_box(box: np.ndarray) -> Bbox:
    x1, y1, x2, y2 = np.clip(box, 0, 1).tolist()
    return x1, y1, x2, y2


def _relative_points(points: np.ndarray) -> Landmarks:
    return [(x, y) for x, y in points.tolist()]
