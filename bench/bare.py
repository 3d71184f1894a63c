"""The bare loop: the same services on the same photo, with nothing around them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import cv2

from models.catalogue import services
from models.engine import ON_CPU
from models.image import decode
from pipelines.chunk import Item
from pipelines.run import open_frames, run_service
from pipelines.sample import Sample
from workers.sessions import Sessions


def bare_rate(weights_dir: Path, names: Sequence[str], photo: bytes, seconds: float, threads: int) -> float:
    """Photos per second through some services in a loop on a number of threads."""
    # As workers do.
    cv2.setNumThreads(1)
    sessions = Sessions(services(), weights_dir, ON_CPU)
    loaded = [sessions.service(name) for name in names]

    def once() -> None:
        frames = open_frames([Item(sample=Sample(), blob="photo")], lambda _: decode(photo))
        for service in loaded:
            run_service(service, frames, fail_fast=True)

    once()
    started = perf_counter()
    ends = started + seconds

    def loop() -> int:
        count = 0
        while perf_counter() < ends:
            once()
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        counts = [future.result() for future in [pool.submit(loop) for _ in range(threads)]]
    return sum(counts) / (perf_counter() - started)
