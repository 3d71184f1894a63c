"""How cost grows: with faces, with pixels, with workers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep, time

from bench.speed.child_process import environment
from bench.speed.parts.queue import in_chunks
from bench.speed.photos import crowd, photos
from bench.speed.tables import Cell, Table
from bench.speed.workbench import Workbench, judge
from broker.queues import CO_LOCATED
from embedded.stack import Stack, StackFailed
from embedded.supervisor import Child
from jobs.redis.connection import connect
from jobs.redis.presence import Presence

FACES = (1, 5, 20, 40)
MEGAPIXELS = (0.3, 1.0, 4.0, 10.0)
WORKERS = (1, 2)
CHUNK = 16
START_S = 60.0


def measure(bench: Workbench) -> list[Table]:
    """Faces and pixels in the bare loop, workers in chunks through the queue."""
    with bench.around(bench.every) as bare:
        tables = [_faces(bench), _pixels(bench), _workers(bench, bare.count)]
    return [Table(one.title, one.columns, one.rows, [bare.baseline], [bare.cores], one.notes) for one in tables]


def _faces(bench: Workbench) -> Table:
    chain = [bench.sessions.service(name) for name in bench.every]
    empty = _ms(bench, [crowd(0)])
    rows: list[list[Cell]] = []
    for faces in FACES:
        photo = crowd(faces)
        found = len(judge(chain, photo).objects)
        took = _ms(bench, [photo])
        rows.append([str(faces), str(found), took, (took - empty) / max(found, 1)])
    notes = [f"All services on photos of 2.3 megapixels. Without a face: {empty:.1f} ms, taken off in the last column."]
    return Table("Faces per photo", ["faces", "found", "ms per photo", "ms per face"], rows, notes=notes)


def _pixels(bench: Workbench) -> Table:
    rows: list[list[Cell]] = []
    for megapixels in MEGAPIXELS:
        few = photos(12, megapixels)
        size = sum(map(len, few)) / len(few) / 1000
        rows.append([f"{megapixels:g}", size, _ms(bench, few)])
    notes = ["All services on photos of one face each."]
    return Table("Megapixels per photo", ["megapixels", "kB", "ms per photo"], rows, notes=notes)


def _workers(bench: Workbench, count: int) -> Table:
    rates = []
    for workers in WORKERS:
        with _pinned(bench, workers) as stack:
            rates.append(in_chunks(bench, stack, bench.every, count // 2, CHUNK, threads=workers).rate)
    rows: list[list[Cell]] = [
        [str(workers), rate, rate / rates[0]] for workers, rate in zip(WORKERS, rates, strict=True)
    ]
    notes = [
        f"All services, in chunks of {CHUNK}. Each worker has one thread and a core of its own, but for what server "
        "and submitter take of it where there are no more cores."
    ]
    return Table("Workers", ["workers", "photos/s", "of one worker"], rows, notes=notes)


def _ms(bench: Workbench, pictures: list[bytes]) -> float:
    """Milliseconds of a core per photo, with all cores busy."""
    count = bench.enough(bench.every, pictures)
    return 1000 * bench.threads / bench.bare(bench.every, pictures, count)


@contextmanager
def _pinned(bench: Workbench, workers: int) -> Iterator[Stack]:
    """A stack whose workers have a core each."""
    cores = sorted(os.sched_getaffinity(0))
    with environment(FACELINE_CO_LOCATE="true"), bench.stack(workers=[]) as stack:
        for worker in range(workers):
            # A process inherits the cores of the thread that starts it.
            os.sched_setaffinity(0, {cores[worker % len(cores)]})
            stack.supervisor.start(Child("worker", ["worker", CO_LOCATED], stop_s=10))
        os.sched_setaffinity(0, cores)
        presence = Presence(connect(stack.redis_url, patience_s=1))
        deadline = monotonic() + START_S
        while len(presence.workers(time())) < workers:
            if monotonic() > deadline:
                raise StackFailed(f"{workers} workers did not start within {START_S:g} s")
            sleep(0.1)
        yield stack
