"""Shared by all parts: services, photos, the bare loop, and embedded stacks to compare it with."""

import json
import sys
import tempfile
from base64 import b64encode
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time
from types import MappingProxyType
from typing import Any

import cv2

from bench.speed.http_connection import request
from bench.speed.photos import photos
from bench.speed.process_usage import Pids
from bench.speed.tables import Baseline
from config.settings import Settings
from embedded.stack import Stack, running_stack
from models.catalogue import Catalogue, services
from models.imaging.decode import decode
from models.runtime.loaded import LoadedModels
from models.service import EstimatingService, Service
from pipelines.chunk import Item
from pipelines.load import load_items
from pipelines.run import run_service
from pipelines.sample import Sample

FOUR_SERVICES = ("face-detector-face-fitter", "age-estimator", "gender-estimator", "emotion-estimator")
"""The pipeline of most measurements; each service needs the face that the first one finds."""
PHOTOS = 200
LAST_LOG_LINES = 30
JSON = Mapping[str, Any]


@dataclass(frozen=True)
class Workbench:
    """The equipment of one benchmark run.

    Attributes:
        settings: the settings of the deployment.
        seconds: about how long a measurement takes.
        images: the number of photos for `faceline bulk`, and for the stack whose memory is watched.
    """

    settings: Settings
    seconds: float
    images: int

    @property
    def threads(self) -> int:
        """The threads of a worker, and so of the bare loop."""
        return self.settings.worker_threads

    @cached_property
    def catalogue(self) -> Catalogue:
        """The services of the deployment."""
        return services(self.settings.modules)

    @cached_property
    def sessions(self) -> LoadedModels:
        """The model sessions of this process."""
        # OpenCV's own threads would compete with those of the loop; workers do the same.
        cv2.setNumThreads(1)
        return LoadedModels(self.catalogue, self.settings.weights_dir, self.settings.engine, self.settings.options)

    @cached_property
    def photos(self) -> list[bytes]:
        """The photos of most measurements, about a megapixel each."""
        return photos(PHOTOS)

    @property
    def all_services(self) -> list[str]:
        """The face detector and all services that estimate something of a face, as one pipeline."""
        estimating = [name for name, service in self.catalogue.items() if issubclass(service, EstimatingService)]
        return [FOUR_SERVICES[0], *estimating]

    @property
    def pipelines(self) -> Mapping[str, Sequence[str]]:
        """The pipelines of most measurements, by title."""
        chain = self.all_services
        return {"1 service": FOUR_SERVICES[:1], "4 services": FOUR_SERVICES, f"all {len(chain)} services": chain}

    def bare_photos_per_s(
        self, names: Sequence[str], photos: Sequence[bytes], count: int, threads: int | None = None
    ) -> float:
        """Runs the bare loop: services on photos in this process, without API, queue and store.

        Args:
            names: the services.
            photos: the photos, taken in turn.
            count: the number of photos to process.
            threads: by default as many as a worker has.

        Returns:
            Photos per second.
        """
        chain = [self.sessions.service(name) for name in names]
        with ThreadPoolExecutor(threads or self.threads) as pool:
            started = perf_counter()
            for _ in pool.map(lambda photo: run_services(chain, photo), islice(cycle(photos), count)):
                pass
            return count / (perf_counter() - started)

    def enough(self, names: Sequence[str], photos: Sequence[bytes]) -> int:
        """The number of photos that the bare loop processes in about `seconds`."""
        few = 4 * self.threads
        self.bare_photos_per_s(names, photos, self.threads)
        return max(few, round(self.bare_photos_per_s(names, photos, few) * self.seconds))

    def around(self, names: Sequence[str], photos: Sequence[bytes] | None = None) -> "BareLoopAround":
        """The bare loop before and after a measurement; by default on the photos of the workbench."""
        return BareLoopAround(self, names, photos or self.photos)

    @contextmanager
    def stack(
        self, workers: Sequence[Sequence[str]] | None = None, overrides: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[Stack]:
        """An embedded stack with an empty data folder; `workers` and `overrides` as in `running_stack`.

        Raises:
            StackFailed: the stack does not start.
        """
        with tempfile.TemporaryDirectory(prefix="faceline-bench-") as folder, tempfile.TemporaryFile("w+") as log:
            settings = self.settings.model_copy(update={"data_dir": Path(folder)})
            try:
                with running_stack(settings, "127.0.0.1", 0, log, workers, overrides) as stack:
                    yield stack
            except Exception:  # the log may say why, whatever the error is
                log.seek(0)
                sys.stderr.writelines(deque(log, LAST_LOG_LINES))
                raise


class BareLoopAround:
    """Runs the bare loop before and after the body of a `with` statement, over the same photos.

    Attributes:
        count: the number of photos.
        before: photos per second before the body.
        after: photos per second after it.
        cpu_ms: CPU milliseconds per photo.
    """

    def __init__(self, bench: Workbench, names: Sequence[str], photos: Sequence[bytes]) -> None:
        self._measure = partial(bench.bare_photos_per_s, names, photos)
        self._threads = bench.threads
        self.count = bench.enough(names, photos)
        self.before = self.after = self.cpu_ms = 0.0

    def __enter__(self) -> "BareLoopAround":
        began = process_time()
        self.before = self._measure(self.count)
        self.cpu_ms = 1000 * (process_time() - began) / self.count
        return self

    def __exit__(self, *_: object) -> None:
        self.after = self._measure(self.count)

    @property
    def baseline(self) -> Baseline:
        """Photos per second before and after."""
        return self.before, self.after

    @property
    def cores(self) -> float:
        """The share of its cores that the slower of the two loops had, in [0, 1]; other processes had the rest."""
        return min(min(self.before, self.after) * self.cpu_ms / 1000 / self._threads, 1.0)


def run_services(chain: Sequence[Service], photo: bytes) -> Sample:
    """Runs services on a photo as a worker does."""
    item = Item(sample=Sample(), blob="photo")
    loaded = load_items([item], lambda _: decode(photo))
    for service in chain:
        run_service(service, loaded, fail_fast=True)
    if item.failures:
        raise SystemExit(f"a service failed: {item.failures[0]}")
    return item.sample


def pids_of(stack: Stack) -> Pids:
    """The processes of a stack by role."""
    return {role: stack.supervisor.pids(role) for role in ("api", "worker", "server")}


def job_request(
    names: Sequence[str],
    photo: bytes,
    sample: JSON | None = None,
    *,
    wait: bool = False,
    key: str | None = None,
    **options: JSON,
) -> bytes:
    """The bytes of a request that submits a job.

    Args:
        names: the services.
        photo: the encoded photo.
        sample: further keys of the sample.
        wait: whether the request waits for the end of the job.
        key: the API key that the request sends.
        options: further keys of the body.
    """
    image = {"_image": {"blob": b64encode(photo).decode(), "format": "IMAGE"}}
    body = {"services": list(names), "sample": {**image, **(sample or {})}, **options}
    return request("POST", "/jobs?wait=60" if wait else "/jobs", json.dumps(body).encode(), key=key)
