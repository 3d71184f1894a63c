"""Runs services on samples: the bridge between relative samples and pixel arrays."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from logging import getLogger
from time import perf_counter
from typing import Any

import numpy as np

from models.errors import InvalidRequest, ModelError
from models.field import Field
from models.imaging.decode import Image
from models.imaging.geometry import quantise
from models.service import DetectingService, EstimatingService, Face, Found, MatchingService, Service
from pipelines.chunk import Failure, Item
from pipelines.errors import NotTwoObjects
from pipelines.sample import Bbox, Landmarks, SampleObject, Size

log = getLogger(__name__)

SLICE_PIXELS = 32_000_000
"""That are decoded at the same time, as long as no image has more: 96 MB."""


@dataclass(slots=True)
class Frame:
    """An item with its decoded image, and its faces as arrays once somebody asks for them.

    Attributes:
        image: None if the sample has none.
    """

    item: Item
    image: Image | None
    _faces: list[Face] | None = None

    @property
    def pixels(self) -> Image:
        """The image of a sample that has one: the plan sees to it."""
        assert self.image is not None
        return self.image

    @property
    def faces(self) -> list[Face]:
        """The objects of the sample as arrays; what services note on them stays until objects are found anew."""
        if self._faces is None:
            self._faces = [_face(self.pixels, item) for item in self.item.sample.objects]
        return self._faces

    def rebuild(self, service: Service, found: Sequence[Found]) -> None:
        """Replace the objects of the sample."""
        height, width = self.pixels.shape[:2]
        self.item.sample.objects = [
            _sample_object(index, service, one, (height, width)) for index, one in enumerate(found)
        ]
        self._faces = None


def open_slices(
    items: Sequence[Item], images: Callable[[str], Image], max_pixels: int = SLICE_PIXELS
) -> Iterator[list[Frame]]:
    """Open the items of a chunk bit by bit: neighbours whose images fit into memory together, each time at least one.

    Args:
        items: of one chunk.
        images: see `open_frames`.
        max_pixels: of the images of one slice together.

    Raises:
        StorageError: the store did not answer.
    """
    frames: list[Frame] = []
    pixels = 0
    for item in items:
        for frame in open_frames([item], images):
            more = 0 if frame.image is None else frame.image.shape[0] * frame.image.shape[1]
            if frames and pixels + more > max_pixels:
                yield frames
                frames, pixels = [], 0
            frames.append(frame)
            pixels += more
            if pixels >= max_pixels:
                yield frames
                frames, pixels = [], 0
    if frames:
        yield frames


def open_frames(items: Sequence[Item], images: Callable[[str], Image]) -> list[Frame]:
    """The items that are alive, with their images.

    An image that cannot be read is its item's failure.

    Args:
        items: of one chunk.
        images: gives the decoded image of a blob or a reference.

    Raises:
        StorageError: the store did not answer; nothing has been noted.
    """
    frames: list[Frame] = []
    for item in items:
        if item.dead:
            continue
        try:
            image = images(item.image) if item.image is not None else None
        except InvalidRequest as error:
            item.failures.append(Failure(service=None, type=error.type, message=str(error)))
            item.dead = True
            continue
        if image is not None:
            item.sample.size = image.shape[0], image.shape[1]
        frames.append(Frame(item, image))
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
    except Exception:  # noqa: BLE001 - whatever a sample does to a service, its neighbours are spared
        for frame in alive:
            if failure := _tried(service, frame):
                frame.item.failures.append(failure)
                # Without its objects a sample has nothing for later services to judge.
                frame.item.dead = fail_fast or isinstance(service, DetectingService)
    return (perf_counter() - started) * 1000


def _tried(service: Service, frame: Frame) -> Failure | None:
    try:
        _apply(service, [frame])
    except (InvalidRequest, ModelError) as error:
        return Failure(service=service.name, type=error.type, message=str(error))
    except Exception:  # a bug is the service's failure, and says nothing of itself to the caller
        log.exception("service failed", extra={"service": service.name})
        return Failure(service=service.name, type="internal", message="internal error")
    return None


def _apply(service: Service, frames: Sequence[Frame]) -> None:
    if isinstance(service, DetectingService):
        for frame, found in zip(frames, service.detect([frame.pixels for frame in frames]), strict=True):
            frame.rebuild(service, found)
    elif isinstance(service, EstimatingService):
        faces = [face for frame in frames for face in frame.faces]
        objects = [item for frame in frames for item in frame.item.sample.objects]
        for face, item, result in zip(faces, objects, service.estimate(faces), strict=True):
            setattr(item, service.field, result)
            face.known[service.field] = result
    elif isinstance(service, MatchingService):
        results = service.match([_templates(frame) for frame in frames])
        for frame, result in zip(frames, results, strict=True):
            frame.item.sample.verification = result
    else:
        raise NotImplementedError(service.name)


def _templates(frame: Frame) -> tuple[bytes, bytes]:
    templates = [item.template for item in frame.item.sample.objects]
    if len(templates) != 2:
        raise NotTwoObjects(f"exactly two objects are compared, not {len(templates)}")
    one, other = templates
    assert one is not None, "the plan has made sure of it"
    assert other is not None
    return one, other


def _face(image: Image, item: SampleObject) -> Face:
    height, width = image.shape[:2]
    assert item.bbox is not None, "the plan has made sure of it"
    bbox = quantise(np.array(item.bbox) * (width, height, width, height))
    landmarks = quantise(np.array(item.landmarks) * (width, height)) if item.landmarks else None
    return Face(image, bbox, landmarks, item.pose)


def _sample_object(index: int, service: Service, found: Found, size: Size) -> SampleObject:
    height, width = size
    values: dict[str, Any] = {field.value: value for field, value in found.values.items()}
    if Field.LANDMARKS in found.values:
        values[Field.LANDMARKS] = _relative_points(found.values[Field.LANDMARKS] / (width, height))
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
