"""What every peer in Python serves: the pipeline that the environment names, as Faceline itself runs it."""

import os
from collections.abc import Sequence
from typing import Any

import cv2

from config.engine import ON_CPU
from config.settings import load_settings
from jobs.factory import JobFactory, Options, Submission
from models.catalogue import services
from models.imaging.decode import decode
from models.runtime.sessions import Sessions
from pipelines.chunk import Item
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.load import load_items
from pipelines.run import run_service

DIALECT = DIALECTS["v2"]
OPTIONS = Options(ttl_s=60, age_format="number")


def names() -> Sequence[str]:
    """The services that are to be served."""
    return os.environ["BENCH_SERVICES"].split(",")


def threads() -> int:
    """How many photos are worked on at a time."""
    return int(os.environ["BENCH_THREADS"])


def port() -> int:
    """Where to listen on 127.0.0.1."""
    return int(os.environ["BENCH_PORT"])


class Pipeline:
    """From an encoded photo to its enriched sample, with the checks of Faceline's API."""

    def __init__(self) -> None:
        # As Faceline's workers do.
        cv2.setNumThreads(1)
        settings = load_settings()
        catalogue = services(settings.modules)
        self._names = names()
        self._intake = JobFactory(catalogue, settings.jobs, settings.limits, str)
        sessions = Sessions(catalogue, settings.weights_dir, ON_CPU)
        self._chain = [sessions.service(name) for name in self._names]

    def __call__(self, photo: bytes) -> dict[str, Any]:
        """The enriched sample of a photo."""
        checked = self._intake.check(Submission(self._names, {}, DIALECT, OPTIONS, photo))
        item = Item(sample=checked.sample, blob="photo")
        frames = load_items([item], lambda _: decode(photo))
        for service in self._chain:
            run_service(service, frames, fail_fast=True)
        if item.failures:
            raise RuntimeError(item.failures[0])
        context = WriteContext(item.sample.size or (0, 0), "number")
        return DIALECT.write(item.sample, {}, rebuilt=True, fields=checked.plan.fields, context=context)
