"""Runs services on loaded items: converts relative samples to pixel arrays and back."""

from collections.abc import Callable, Sequence
from logging import getLogger
from math import prod
from time import perf_counter

import numpy as np

from models.errors import InvalidRequest, ModelError
from models.output import IMAGE, TEMPLATE, Output
from models.service import DetectingService, EstimatingService, Found, MatchingService, Service
from pipelines.chunk import SKIPPED, Failure, Item
from pipelines.errors import NotTwoObjects
from pipelines.load import LoadedItem
from pipelines.pair import PairRules, compare, refusal
from pipelines.sample import Bbox, Landmarks, SampleObject, Size

log = getLogger(__name__)


def run_service(
    service: Service,
    loaded: Sequence[LoadedItem],
    *,
    fail_fast: bool,
    max_faces: int | None = None,
    pair: PairRules | None = None,
) -> float:
    """Run a service on all items as one batch, and put its results into their samples.

    Where the batch fails, each item is run alone, so that an item cannot make its neighbours fail. An item that lacks
    what the service needs, since an earlier service failed on it, is skipped: that is one of its failures too.

    Args:
        service: the service.
        loaded: the items.
        fail_fast: an item fails with its first service, even if later services could run on it.
        max_faces: of the faces that a detecting service finds in an image, so many are kept: the largest ones.
        pair: the rules, if the items are the photos of a pair. A photo that breaks them fails; an item without an image
            has its template already.

    Returns:
        The time it took in milliseconds.
    """
    started = perf_counter()
    batch = [
        loaded_item
        for loaded_item in loaded
        if not loaded_item.item.failed
        and not (pair and loaded_item.image is None)
        and not _skipped(service, loaded_item.item)
    ]
    try:
        _run_batch(service, batch, max_faces)
    except Exception:  # noqa: BLE001 - whatever one item does to a service, the others must not fail
        for loaded_item in batch:
            if failure := _run_alone(service, loaded_item, max_faces):
                loaded_item.item.failures.append(failure)
                loaded_item.item.failed = fail_fast
                if isinstance(service, DetectingService):
                    loaded_item.item.lost = service.name
    if pair:
        _refuse(service, batch, pair)
    return (perf_counter() - started) * 1000


def run_pair(matcher: Service, items: Sequence[Item]) -> float:
    """Compare the two items of a pair; both fail if the service does.

    Returns:
        The time it took in milliseconds.
    """
    started = perf_counter()
    if not isinstance(matcher, MatchingService):
        raise NotImplementedError(matcher.name)
    if failure := _failure_of(matcher, lambda: compare(matcher, items)):
        for item in items:
            item.failures.append(failure)
            item.failed = True
    return (perf_counter() - started) * 1000


def _refuse(service: Service, batch: Sequence[LoadedItem], pair: PairRules) -> None:
    for loaded_item in batch:
        item = loaded_item.item
        if not item.failed and (failure := refusal(service, item, pair)):
            item.failures.append(failure)
            item.failed = True


def _skipped(service: Service, item: Item) -> bool:
    """Whether an item lacks what a service needs; then it gets a failure that says so."""
    if not item.failures or isinstance(service, DetectingService):
        return False
    message = None
    if item.lost is not None:
        message = f"not run: it needs the objects of {item.lost}, which failed"
    elif not all(one.has(field) for one in item.sample.objects for field in service.needs - {IMAGE}):
        message = "not run: it needs what a service that failed would have given"
    if message is None:
        return False
    item.failures.append(Failure(service=service.name, type=SKIPPED, message=message))
    return True


def _run_alone(service: Service, loaded: LoadedItem, max_faces: int | None) -> Failure | None:
    return _failure_of(service, lambda: _run_batch(service, [loaded], max_faces))


def _failure_of(service: Service, run: Callable[[], None]) -> Failure | None:
    try:
        run()
    except (InvalidRequest, ModelError) as error:
        return Failure(service=service.name, type=error.type, message=str(error))
    except Exception:  # a bug is logged; the caller learns nothing of our internals
        log.exception("service failed", extra={"service": service.name})
        return Failure(service=service.name, type="internal", message="internal error")
    return None


def _run_batch(service: Service, batch: Sequence[LoadedItem], max_faces: int | None) -> None:
    if isinstance(service, DetectingService):
        found = service.detect([loaded.pixels for loaded in batch])
        for loaded, objects in zip(batch, found, strict=True):
            height, width = loaded.pixels.shape[:2]
            seen = [one for one in objects if _is_inside(one, (height, width))]
            if max_faces is not None and service.object_class == "face":
                seen = _largest(seen, (height, width), max_faces)
            loaded.replace_objects(
                [_sample_object(index, service, one, (height, width)) for index, one in enumerate(seen)]
            )
    elif isinstance(service, EstimatingService):
        faces = [face for loaded in batch for face in loaded.faces]
        targets = [one for loaded in batch for one in loaded.item.sample.objects]
        for face, one, value in zip(faces, targets, service.estimate(faces), strict=True):
            service.output.put(one, value)
            service.output.put(face.cached_results, value)
    elif isinstance(service, MatchingService):
        values = service.match([_two_templates(loaded) for loaded in batch])
        for loaded, value in zip(batch, values, strict=True):
            service.output.put(loaded.item.sample, value)
    else:
        raise NotImplementedError(service.name)


def _two_templates(loaded: LoadedItem) -> tuple[bytes, bytes]:
    templates = [TEMPLATE.of(found) for found in loaded.item.sample.objects]
    if len(templates) != 2:
        raise NotTwoObjects(f"exactly two objects are compared, not {len(templates)}")
    one, other = templates
    assert one is not None, "the plan makes sure of it"
    assert other is not None
    return one, other


def _is_inside(found: Found, size: Size) -> bool:
    """Whether at least a pixel of an object is inside the image: other services could not use it otherwise."""
    return min(_sides(found, size)) >= 1


def _largest(found: Sequence[Found], size: Size, count: int) -> list[Found]:
    """The objects with the largest boxes, in their old order."""
    by_area = sorted(range(len(found)), key=lambda index: prod(_sides(found[index], size)), reverse=True)
    return [found[index] for index in sorted(by_area[:count])]


def _sides(found: Found, size: Size) -> tuple[float, float]:
    """The width and height of a box inside the image, in pixels."""
    height, width = size
    x1, y1, x2, y2 = np.clip(found.bbox, 0, (width, height, width, height)).tolist()
    return x2 - x1, y2 - y1


def _sample_object(index: int, service: DetectingService, found: Found, size: Size) -> SampleObject:
    height, width = size
    made = SampleObject(
        id=index,
        object_class=service.object_class,
        confidence=found.confidence,
        bbox=_relative_box(found.bbox / (width, height, width, height)),
        landmarks=None if found.landmarks is None else _relative_points(found.landmarks / (width, height)),
        pose=found.pose,
    )
    for field in service.outputs:
        if isinstance(field, Output):
            value = field.of(found.values)
            if value is None:
                raise ModelError(f"{service.name} declares `{field.name}` and found an object without it")
            field.put(made, value)
    return made


def _relative_box(box: np.ndarray) -> Bbox:
    x1, y1, x2, y2 = np.clip(box, 0, 1).tolist()
    return x1, y1, x2, y2


def _relative_points(points: np.ndarray) -> Landmarks:
    return [(x, y) for x, y in points.tolist()]
