"""What a run would come to, without running it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import ceil
from time import perf_counter

import cv2

from bulk.output.folder import Failed
from bulk.perform import Request
from bulk.validation import PhotoValidator
from config.settings import Settings
from jobs.factory import Checked
from models.imaging.decode import decode
from models.runtime.onnxruntime import OrtSession
from models.weights.cache import weights_path
from pipelines.chunk import Failure, Item
from pipelines.load import load_items
from pipelines.run import run_service

LOOKED_AT = 16
"""So many photos, the first ones, are read and measured."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would come to.

    Attributes:
        failed: of the first photos, those that would fail at once.
        seconds: it would take; None if that was not asked for, or none of the first photos works.
    """

    inputs: int
    chunks: int
    failed: Sequence[Failed]
    seconds: float | None


def count(request: Request) -> int:
    """How many photos there are to be done.

    Raises:
        InvalidSource: the source cannot be read.
    """
    return sum(1 for _ in islice(request.source.inputs(), request.order.limit))


def estimate(request: Request, validator: PhotoValidator, settings: Settings | None) -> Estimate:
    """Count the photos and look at the first ones.

    Args:
        request: what the run is asked for.
        validator: judges photos.
        settings: of a stack on this machine; None if the work is done elsewhere.

    Raises:
        InvalidSource: the source cannot be read.
        InvalidSample: the services make no pipeline for photos.
        ModelError: a model is missing or does not load.
    """
    validator.plan  # noqa: B018 - raises if there is none
    inputs = count(request)
    first = list(islice(request.order.inputs(request.source), LOOKED_AT))
    checked = validator.check(first, by_reference=False)
    good = [one for one in checked if isinstance(one, Checked)]
    failed = [(photo, one) for photo, one in zip(first, checked, strict=True) if isinstance(one, Failure)]
    seconds = None
    if settings and good:
        seconds = inputs * _seconds_per_photo(good, validator, settings) / settings.worker_threads
    return Estimate(inputs, ceil(inputs / request.order.chunk), failed, seconds)


def _seconds_per_photo(photos: Sequence[Checked], validator: PhotoValidator, settings: Settings) -> float:
    """What one thread needs for a photo, decoding included."""
    # As workers do.
    cv2.setNumThreads(1)

    @cache
    def session(model: str) -> OrtSession:
        return OrtSession(weights_path(model, settings.weights_dir), settings.engine)

    pipeline = [validator.intake.catalogue[name](session) for name in photos[0].plan.services]

    def run(photo: Checked) -> None:
        image = photo.image
        assert image is not None, "it has just been read"
        frames = load_items([Item(sample=photo.sample, blob="photo")], lambda _: decode(image))
        for service in pipeline:
            run_service(service, frames, fail_fast=True)

    run(photos[0])  # the first time takes longer
    began = perf_counter()
    for photo in photos:
        run(photo)
    return (perf_counter() - began) / len(photos)
