"""Measures `Costs` on a real deployment: a server, a worker with one thread, and chunks sent one by one.

The code of `faceline bulk` makes, sends, reads and writes the chunks. Since they are sent one by one, no part waits for
another, and the CPU time of each part is its cost. The simulation adds the idle.
"""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from time import process_time, sleep
from typing import NamedTuple

from bench.scaling.costs import Costs
from bench.speed.child_process import environment
from bench.speed.process_usage import cpu_s
from bench.speed.workbench import Workbench, pids_of
from broker.queues import CO_LOCATED
from bulk.executors.queue import QueueExecutor, deployed_executor
from bulk.inputs import Input
from bulk.output.formats import Parquet
from bulk.validation import PhotoValidator, photo_validator
from config.engine import usable_cores
from embedded.stack import Stack
from jobs.redis.connection import Client, connect
from jobs.reference import Reference
from pipelines.chunk import Failure
from pipelines.tables.sample_table import SampleTable

WARM_UP_CHUNKS = 2
IDLE_S = 10.0
WAIT_S = 60.0


class ChunkCost(NamedTuple):
    """The CPU seconds of one chunk: the submitter sends it, the worker runs it, the submitter collects the result."""

    submit_s: float
    work_s: float
    collect_s: float


class ServerUse(NamedTuple):
    """What a server has used and sent since it started."""

    cpu_s: float
    commands: float
    bytes_out: float


@contextmanager
def deployment(bench: Workbench, workers: int, roots: Sequence[Path]) -> Iterator[Stack]:
    """A deployment whose workers have one thread each and take all families. Linux only.

    Args:
        bench: starts the deployment.
        workers: the number of workers.
        roots: the folders that workers may read photos from.

    Raises:
        StackFailed: the deployment does not start.
    """
    listed = json.dumps([str(root) for root in roots])
    single = {"FACELINE_CO_LOCATE": "true", "FACELINE_WORKER_THREADS": "1", "FACELINE_REFERENCE_ROOTS": listed}
    cores = os.sched_getaffinity(0)
    # A worker that finds one core loads its models for one core.
    os.sched_setaffinity(0, {min(cores)})
    try:
        with environment(**single), bench.stack([[CO_LOCATED]] * workers) as stack:
            os.sched_setaffinity(0, cores)
            for thread in (int(task.name) for pid in _processes(stack) for task in Path(f"/proc/{pid}/task").iterdir()):
                os.sched_setaffinity(thread, cores)
            yield stack
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def photo_files(photos: Sequence[bytes]) -> Iterator[list[Path]]:
    """Writes photos to files, and deletes them at the end."""
    with TemporaryDirectory(prefix="faceline-photos-") as folder:
        files = [Path(folder) / f"{number:05}.jpg" for number in range(len(photos))]
        for file, photo in zip(files, photos, strict=True):
            file.write_bytes(photo)
        yield files


def measure(bench: Workbench, names: Sequence[str], images: int, chunks: int, *, by_reference: bool) -> Costs:
    """Sends chunks through a deployment one by one, and measures their costs.

    Args:
        bench: has the photos, and starts the deployment.
        names: the services.
        images: the number of photos in a chunk.
        chunks: the number of chunks to measure.
        by_reference: whether the worker reads the photos by reference; otherwise the server stores them.

    Raises:
        StackFailed: the deployment does not start.
    """
    with bench.stack([]) as stack:
        without_worker = _used_during(connect(stack.redis_url, patience_s=1), lambda: sleep(IDLE_S))
    with photo_files(bench.photos) as files, deployment(bench, 1, [files[0].parent]) as stack:
        settings = bench.settings.model_copy(update={"redis_url": stack.redis_url})
        client = connect(stack.redis_url, patience_s=1)
        idle = _used_during(client, lambda: sleep(IDLE_S))
        inputs = cycle([Input(file.name, Reference(str(file))) for file in files])
        worker = stack.supervisor.pids("worker")
        validator = photo_validator(settings, names, "fail")
        executor = deployed_executor(settings, validator)

        def send(count: int) -> list[ChunkCost]:
            photos = (list(islice(inputs, images)) for _ in range(count))
            return [_send_and_collect(validator, executor, some, worker, by_reference) for some in photos]

        send(WARM_UP_CHUNKS)
        costs: list[ChunkCost] = []
        used = _used_during(client, lambda: costs.extend(send(chunks)))
    return Costs(
        machine=f"{usable_cores()} cores, {platform.machine()}, Python {platform.python_version()}",
        services=list(names),
        by_reference=by_reference,
        images=images,
        image_bytes=round(images * fmean(map(len, bench.photos))),
        work_s=[round(one.work_s, 4) for one in costs],
        submit_s=_mean(one.submit_s for one in costs),
        collect_s=_mean(one.collect_s for one in costs),
        server_s=round(used.cpu_s / chunks, 5),
        server_commands=round(used.commands / chunks, 1),
        bytes_out=round(used.bytes_out / chunks),
        idle_commands_per_s=round((idle.commands - without_worker.commands) / IDLE_S, 2),
        idle_server_s_per_s=round(max(0.0, idle.cpu_s - without_worker.cpu_s) / IDLE_S, 6),
    )


def _processes(stack: Stack) -> list[int]:
    return [pid for pids in pids_of(stack).values() for pid in pids]


def _send_and_collect(
    validator: PhotoValidator,
    executor: QueueExecutor,
    photos: Sequence[Input],
    worker: Sequence[int],
    by_reference: bool,
) -> ChunkCost:
    """Sends one chunk, waits for its end, and writes its results."""
    worker_began, began = cpu_s(worker), process_time()
    checked = validator.check(photos, by_reference=by_reference)
    ticket = executor.send([one for one in checked if not isinstance(one, Failure)])
    sent = process_time()
    while ticket not in executor.ended(WAIT_S):
        pass
    worker_ended, ended_at = cpu_s(worker), process_time()
    outcome = executor.outcome(ticket)
    assert outcome is not None
    if outcome.items is None or any(item.failures for item in outcome.items):
        raise SystemExit(f"a chunk failed: {outcome}")
    form = Parquet(SampleTable(validator.plan.fields, {}))
    with TemporaryDirectory() as folder:
        form.write(Path(folder) / "part", list(zip(photos, outcome.items, strict=True)))
    executor.erase(ticket)
    return ChunkCost(sent - began, worker_ended - worker_began, process_time() - ended_at)


def _used_during(client: Client, act: Callable[[], object]) -> ServerUse:
    """What a server uses and sends while `act` runs."""
    before = _use_of(client)
    act()
    return ServerUse(*(after - earlier for earlier, after in zip(before, _use_of(client), strict=True)))


def _use_of(client: Client) -> ServerUse:
    counted = client.info("all")
    main_thread_s = counted["used_cpu_user_main_thread"] + counted["used_cpu_sys_main_thread"]
    return ServerUse(main_thread_s, counted["total_commands_processed"], counted["total_net_output_bytes"])


def _mean(seconds: Iterable[float]) -> float:
    return round(fmean(seconds), 5)
