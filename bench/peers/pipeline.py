"""The pipeline that all peers in Python serve: the services that the environment names, run as Faceline runs them."""

import os
from collections.abc import Sequence
from typing import Any

import cv2

from config.engine import ON_CPU
from config.settings import load_settings
from jobs.factory import JobFactory, Submission
from jobs.job import RunOptions
from models.catalogue import services
from models.imaging.decode import decode
from models.runtime.loaded import LoadedModels
from pipelines.chunk import Item
from pipelines.dialects import DIALECTS
from pipelines.dialects.codec import WriteContext
from pipelines.load import load_items
from pipelines.run import run_service

DIALECT = DIALECTS["v2"]
OPTIONS = RunOptions(ttl_s=60, age_format="number")


def names() -> Sequence[str]:
    """The services to run, from `BENCH_SERVICES`."""
    return os.environ["BENCH_SERVICES"].split(",")


def threads() -> int:
    """The number of photos to process at a time, from `BENCH_THREADS`."""
    return int(os.environ["BENCH_THREADS"])


def port() -> int:
    """The port to listen on at 127.0.0.1, from `BENCH_PORT`."""
    return int(os.environ["BENCH_PORT"])


class Pipeline:
    """Turns an encoded photo into its enriched sample, with the checks of Faceline's API."""

    def __init__(self) -> None:
        # OpenCV's own threads would compete with those of the server; Faceline's workers do the same.
        cv2.setNumThreads(1)
        settings = load_settings()
        catalogue = services(settings.modules)
        self._names = names()
        self._factory = JobFactory(catalogue, settings.jobs, settings.limits, str)
        sessions = LoadedModels(catalogue, settings.weights_dir, ON_CPU)
        self._chain = [sessions.service(name) for name in self._names]

    def __call__(self, photo: bytes) -> dict[str, Any]:
        """Gives the enriched sample of a photo.

        Raises:
            FacelineError: the photo is not accepted.
            RuntimeError: a service failed.
        """
        checked = self._factory.check(Submission(self._names, {}, DIALECT, OPTIONS, photo))
        item = Item(sample=checked.sample, blob="photo")
        loaded = load_items([item], lambda _: decode(photo))
        for service in self._chain:
            run_service(service, loaded, fail_fast=True)
        if item.failures:
            raise RuntimeError(item.failures[0])
        context = WriteContext(item.sample.size or (0, 0), "number")
        return DIALECT.write(item.sample, {}, replaces_objects=True, fields=checked.plan.fields, context=context)
