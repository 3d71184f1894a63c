"""Times services on photos as the workers of an embedded stack run them: in as many processes, all at the same time."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from time import monotonic, perf_counter

import cv2

from bulk.executors.local_workers import LocalWorkers, local_workers
from config.settings import Settings
from jobs.factory import CheckedSample
from models.catalogue import services
from models.imaging.decode import decode
from models.service import Service
from pipelines.chunk import Item
from pipelines.load import load_items
from pipelines.run import run_service

STACK_PER_START = 1.9
"""So many times as long as its workers need to load their models does a stack need to start and to end; measured."""
TIMED_S = 5.0
"""The photos are timed again and again for about so long, at least once."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What photos take on this machine.

    Attributes:
        start_s: until the workers have loaded their models.
        photo_s: for a photo in one thread, while all others are busy too.
        threads: of all workers together.
    """

    start_s: float
    photo_s: float
    threads: int

    def run_s(self, photos: int, chunk: int) -> float:
        """The time of a run of so many photos: that of the busiest thread, which takes one chunk after another."""
        rounds, rest = divmod(photos, chunk * self.threads)
        return STACK_PER_START * self.start_s + self.photo_s * (rounds * chunk + min(rest, chunk))


def time_photos(photos: Sequence[CheckedSample], settings: Settings) -> Timing:
    """Time the services of photos on them.

    Raises:
        ModelError: a model is missing or does not load.
    """
    workers = local_workers(settings)
    began = monotonic()
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(workers.processes)
    with ProcessPoolExecutor(workers.processes, context, _keep, (ready,)) as pool:
        futures = [pool.submit(_time_in_process, photos, settings, workers) for _ in range(workers.processes)]
        errors = [error for future in futures if (error := future.exception())]
    for error in errors:
        if not isinstance(error, BrokenBarrierError):
            raise error
    timed = [future.result() for future in futures]
    start_s = max(ready_at for ready_at, _ in timed) - began
    photo_s = sum(seconds for _, seconds in timed) / len(timed)
    return Timing(start_s, photo_s, workers.processes * workers.threads)


_barriers: list[Barrier] = []


def _keep(ready: Barrier) -> None:
    """Keep the barrier of a process of the pool: only a new process can take it over."""
    _barriers.append(ready)


def _time_in_process(photos: Sequence[CheckedSample], settings: Settings, workers: LocalWorkers) -> tuple[float, float]:
    """When all processes had loaded their models, and the seconds that a thread takes for a photo."""
    # Here, since it needs onnxruntime, which the client of a deployment may lack.
    from models.runtime.loaded import LoadedModels

    # As workers do.
    cv2.setNumThreads(1)
    if workers.cores:
        settings = settings.model_copy(update={"cores": workers.cores})
    catalogue = services(settings.modules)
    models = LoadedModels(catalogue, settings.weights_dir, settings.engine, settings.options)
    [ready] = _barriers
    try:
        models.load({service.family for service in catalogue.values()})
        pipeline = [models.service(name) for name in photos[0].plan.services]
        _run(photos[0], pipeline)
        ready.wait()
        ready_at = monotonic()
        with ThreadPoolExecutor(workers.threads) as threads:
            timed = list(threads.map(lambda _: _seconds_per_photo(photos, pipeline), range(workers.threads)))
        return ready_at, sum(timed) / len(timed)
    except BaseException:
        ready.abort()
        raise
    finally:
        models.close()


def _seconds_per_photo(photos: Sequence[CheckedSample], pipeline: Sequence[Service]) -> float:
    began = perf_counter()
    rounds = 0
    while rounds == 0 or perf_counter() - began < TIMED_S:
        for photo in photos:
            _run(photo, pipeline)
        rounds += 1
    return (perf_counter() - began) / (rounds * len(photos))


def _run(photo: CheckedSample, pipeline: Sequence[Service]) -> None:
    image = photo.image
    assert image is not None, "it was read by the check"
    loaded = load_items([Item(sample=photo.sample, blob="photo")], lambda _: decode(image))
    for service in pipeline:
        run_service(service, loaded, fail_fast=True)
