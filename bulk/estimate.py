"""Estimates a run from its first photos, without running it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from time import perf_counter

import cv2

from bulk.output.folder import FailedInput
from bulk.run import BulkRequest
from bulk.validation import PhotoValidator
from config.settings import Settings
from jobs.factory import CheckedSample
from models.imaging.decode import decode
from pipelines.chunk import Failure, Item
from pipelines.load import load_items
from pipelines.run import run_service

SAMPLE_SIZE = 16
"""So many photos, the first of the run, are checked and timed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run is expected to take.

    Attributes:
        inputs: photos of the run.
        failed: the first photos that fail the checks.
        seconds: of the run on this machine; None if that was not asked for, or all first photos fail the checks.
    """

    inputs: int
    chunks: int
    failed: Sequence[FailedInput]
    seconds: float | None


def estimate(request: BulkRequest, validator: PhotoValidator, settings: Settings | None) -> Estimate:
    """Count the photos, check the first ones, and time the services on them.

    Args:
        request: of the run.
        validator: checks the photos, and has the services to run.
        settings: of a stack on this machine; None if another machine does the work, which cannot be timed here.

    Raises:
        InvalidSource: the source cannot be read.
        InvalidSample: the services make no pipeline for photos.
        ModelError: a model is missing or does not load.
    """
    validator.plan  # noqa: B018 - raises if there is none
    inputs = request.count()
    first = list(islice(request.order.inputs(request.source), SAMPLE_SIZE))
    checked = validator.check(first, by_reference=False)
    valid = [outcome for outcome in checked if isinstance(outcome, CheckedSample)]
    failed = [(photo, outcome) for photo, outcome in zip(first, checked, strict=True) if isinstance(outcome, Failure)]
    seconds = None
    if settings and valid:
        seconds = inputs * _seconds_per_photo(valid, validator, settings) / settings.worker_threads
    return Estimate(inputs, ceil(inputs / request.order.chunk), failed, seconds)


def _seconds_per_photo(photos: Sequence[CheckedSample], validator: PhotoValidator, settings: Settings) -> float:
    """The time that one thread takes for a photo, decoding included."""
    # Here, since it needs onnxruntime, which the client of a deployment may lack.
    from models.runtime.loaded import LoadedModels

    # As workers do.
    cv2.setNumThreads(1)
    sessions = LoadedModels(validator.factory.catalogue, settings.weights_dir, settings.engine, settings.options)
    pipeline = [sessions.service(name) for name in photos[0].plan.services]

    def run(photo: CheckedSample) -> None:
        image = photo.image
        assert image is not None, "it was read by the check"
        loaded = load_items([Item(sample=photo.sample, blob="photo")], lambda _: decode(image))
        for service in pipeline:
            run_service(service, loaded, fail_fast=True)

    try:
        run(photos[0])  # the first run of a model takes longer
        began = perf_counter()
        for photo in photos:
            run(photo)
        return (perf_counter() - began) / len(photos)
    finally:
        sessions.close()
