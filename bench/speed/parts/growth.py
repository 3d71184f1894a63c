"""The part `growth`: how the cost of a photo grows with faces and pixels, and the throughput with workers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from bench.speed.child_process import environment
from bench.speed.parts.queue import in_chunks
from bench.speed.photos import crowd, photos
from bench.speed.tables import Cell, SpeedTable
from bench.speed.workbench import Workbench, run_services
from broker.queues import CO_LOCATED
from embedded.errors import StackFailed
from embedded.stack import Stack
from embedded.supervisor import Child
from jobs.redis.connection import connect
from jobs.redis.presence import Presence

FACES = (1, 5, 20, 40)
MEGAPIXELS = (0.3, 1.0, 4.0, 10.0)
WORKERS = (1, 2)
CHUNK_SIZE = 16
START_S = 60.0


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures faces and pixels in the bare loop, and workers with chunks through the queue."""
    with bench.around(bench.all_services) as bare:
        tables = [_faces(bench), _pixels(bench), _workers(bench, bare.count)]
    return [
        SpeedTable(table.title, table.columns, table.rows, [bare.baseline], [bare.cores], table.notes)
        for table in tables
    ]


def _faces(bench: Workbench) -> SpeedTable:
    chain = [bench.sessions.service(name) for name in bench.all_services]
    empty_ms = _ms_per_photo(bench, [crowd(0)])
    rows: list[list[Cell]] = []
    for faces in FACES:
        photo = crowd(faces)
        found = len(run_services(chain, photo).objects)
        took_ms = _ms_per_photo(bench, [photo])
        rows.append([str(faces), str(found), took_ms, (took_ms - empty_ms) / max(found, 1)])
    notes = [
        f"All services on photos of 2.3 megapixels. A photo without faces takes {empty_ms:.1f} ms; the last column is "
        "without them."
    ]
    return SpeedTable("Faces per photo", ["faces", "found", "ms per photo", "ms per face"], rows, notes=notes)


def _pixels(bench: Workbench) -> SpeedTable:
    rows: list[list[Cell]] = []
    for megapixels in MEGAPIXELS:
        few = photos(12, megapixels)
        size_kb = sum(map(len, few)) / len(few) / 1000
        rows.append([f"{megapixels:g}", size_kb, _ms_per_photo(bench, few)])
    notes = ["All services on photos of one face each."]
    return SpeedTable("Megapixels per photo", ["megapixels", "kB", "ms per photo"], rows, notes=notes)


def _workers(bench: Workbench, count: int) -> SpeedTable:
    rates = []
    for workers in WORKERS:
        with _one_core_each(bench, workers) as stack:
            rates.append(in_chunks(bench, stack, bench.all_services, count // 2, CHUNK_SIZE, threads=workers).rate)
    rows: list[list[Cell]] = [
        [str(workers), rate, rate / rates[0]] for workers, rate in zip(WORKERS, rates, strict=True)
    ]
    notes = [
        f"All services, in chunks of {CHUNK_SIZE}. Each worker has one thread and a core of its own, which server and "
        "submitter share with it if the machine has no other cores."
    ]
    return SpeedTable("Workers", ["workers", "photos/s", "of one worker"], rows, notes=notes)


def _ms_per_photo(bench: Workbench, pictures: list[bytes]) -> float:
    """Milliseconds of a core per photo, while all cores are busy."""
    count = bench.enough(bench.all_services, pictures)
    return 1000 * bench.threads / bench.bare_photos_per_s(bench.all_services, pictures, count)


@contextmanager
def _one_core_each(bench: Workbench, workers: int) -> Iterator[Stack]:
    """A stack whose workers run on one core each.

    Raises:
        StackFailed: a worker does not start.
    """
    cores = sorted(os.sched_getaffinity(0))
    with environment(FACELINE_CO_LOCATE="true"), bench.stack(workers=[]) as stack:
        for worker in range(workers):
            # A process inherits the cores of the thread that starts it.
            os.sched_setaffinity(0, {cores[worker % len(cores)]})
            stack.supervisor.start(Child("worker", ["worker", CO_LOCATED], stop_s=10))
        os.sched_setaffinity(0, cores)
        presence = Presence(connect(stack.redis_url, patience_s=1))
        deadline = monotonic() + START_S
        while len(presence.workers()) < workers:
            if monotonic() > deadline:
                raise StackFailed(f"{workers} workers did not start within {START_S:g} s")
            sleep(0.1)
        yield stack
