"""Loads the items of a chunk: decodes their images, in groups that fit into memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from logging import getLogger

import numpy as np

from models.errors import InvalidImage, InvalidRequest
from models.imaging.decode import Image
from models.imaging.geometry import quantise
from models.service import Face
from pipelines.chunk import Failure, Item
from pipelines.errors import Detail, InvalidSample
from pipelines.sample import Sample, SampleObject, Size, require_pixel

log = getLogger(__name__)

GROUP_PIXELS = 32_000_000
"""How many pixels a group of images has at most: 96 MB decoded. A larger image gets a group of its own."""


@dataclass(slots=True)
class LoadedItem:
    """An item with its decoded image, and with its faces as arrays once a service needs them.

    Attributes:
        image: None if the sample has none.
    """

    item: Item
    image: Image | None
    _faces: list[Face] | None = None

    @property
    def pixels(self) -> Image:
        """The image, where a service needs one: the plan makes sure that the sample has it."""
        assert self.image is not None
        return self.image

    @property
    def faces(self) -> list[Face]:
        """The objects of the sample as arrays. The same faces are given until the objects are replaced."""
        if self._faces is None:
            self._faces = [_face(self.pixels, found) for found in self.item.sample.objects]
        return self._faces

    def replace_objects(self, objects: list[SampleObject]) -> None:
        """Give the sample other objects."""
        self.item.sample.objects = objects
        self.item.lost = None
        self._faces = None


def load_groups(
    items: Sequence[Item], images: Callable[[str], Image], max_pixels: int = GROUP_PIXELS
) -> Iterator[list[LoadedItem]]:
    """Load the items of a chunk group by group; a group is loaded when it is asked for.

    Args:
        items: of one chunk.
        images: see `load_items`.
        max_pixels: of the images of a group together; a larger image gets a group of its own.

    Raises:
        StorageError: the store did not answer.
    """
    group: list[LoadedItem] = []
    pixels = 0
    for item in items:
        for loaded in load_items([item], images):
            more = 0 if loaded.image is None else loaded.image.shape[0] * loaded.image.shape[1]
            if group and pixels + more > max_pixels:
                yield group
                group, pixels = [], 0
            group.append(loaded)
            pixels += more
            if pixels >= max_pixels:
                yield group
                group, pixels = [], 0
    if group:
        yield group


def load_items(items: Sequence[Item], images: Callable[[str], Image]) -> list[LoadedItem]:
    """Load the items that have not failed; an item fails if its image cannot be read, or is too small for its boxes.

    Args:
        items: of one chunk.
        images: gives the decoded image of a blob or a reference.

    Raises:
        StorageError: the store did not answer; no item has failed because of it.
    """
    loaded: list[LoadedItem] = []
    for item in items:
        if item.failed:
            continue
        try:
            image = images(item.image) if item.image is not None else None
            if image is not None:
                _set_size(item.sample, (image.shape[0], image.shape[1]))
        except InvalidRequest as error:
            item.failures.append(Failure(service=None, type=error.type, message=str(error)))
            item.failed = True
            continue
        except (ValueError, OSError) as error:
            # Whatever a library finds wrong with one image must not end the work on the others.
            log.warning("image not read", extra={"error": type(error).__name__})
            item.failures.append(Failure(service=None, type=InvalidImage.type, message="the image cannot be read"))
            item.failed = True
            continue
        loaded.append(LoadedItem(item, image))
    return loaded


def _set_size(sample: Sample, size: Size) -> None:
    """Set the size of the image; the API has not checked the boxes in an image that comes by reference."""
    if sample.size is None:
        for index, found in enumerate(sample.objects):
            try:
                if found.bbox is not None:
                    require_pixel(found.bbox, size)
            except ValueError as error:
                loc: list[str | int] = ["sample", "objects", index, "bbox"]
                raise InvalidSample([Detail(loc=loc, msg=str(error), type="value_error")]) from error
    sample.size = size


def _face(image: Image, found: SampleObject) -> Face:
    height, width = image.shape[:2]
    assert found.bbox is not None, "the plan makes sure of it"
    bbox = quantise(np.array(found.bbox) * (width, height, width, height))
    landmarks = quantise(np.array(found.landmarks) * (width, height)) if found.landmarks else None
    return Face(image, bbox, landmarks, found.pose)
