"""Costs, measured on a real deployment: a server, a worker with one thread, and chunks that go through one by one.

The chunks are those of `faceline bulk`, made, sent, read and written by its own parts. One by one, nothing waits for
anything else: what each part takes can be told apart. What happens when they do wait for each other is the
simulation's to say.
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
from bulk.inputs import Input
from bulk.output.formats import Parquet
from bulk.output.rows import Table
from bulk.perform import Crew
from cli.bulk_executors import deployed_crew
from config.cores import usable_cores
from embedded.stack import Stack
from jobs.redis.connection import Client, connect
from jobs.reference import Reference
from pipelines.chunk import Failure

WARM = 2
IDLE_S = 10.0
PATIENCE_S = 60.0


class Passage(NamedTuple):
    """What one chunk took, in seconds of CPU: of the submitter, of the worker, and again of the submitter."""

    submit_s: float
    work_s: float
    collect_s: float


class Load(NamedTuple):
    """What a server has done so far."""

    cpu_s: float
    commands: float
    bytes_out: float


@contextmanager
def deployment(bench: Workbench, workers: int, roots: Sequence[Path]) -> Iterator[Stack]:
    """Workers of one thread each, which take all families. Linux only.

    Args:
        bench: starts it.
        workers: how many.
        roots: folders from which they read photos by reference.
    """
    listed = json.dumps([str(root) for root in roots])
    single = {"FACELINE_CO_LOCATE": "true", "FACELINE_WORKER_THREADS": "1", "FACELINE_REFERENCE_ROOTS": listed}
    cores = os.sched_getaffinity(0)
    # A worker that finds one core loads its models for one.
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
    """Photos as files."""
    with TemporaryDirectory(prefix="faceline-photos-") as folder:
        files = [Path(folder) / f"{number:05}.jpg" for number in range(len(photos))]
        for file, photo in zip(files, photos, strict=True):
            file.write_bytes(photo)
        yield files


def measure(bench: Workbench, names: Sequence[str], images: int, chunks: int, *, by_reference: bool) -> Costs:
    """Send chunks through a deployment one by one.

    Args:
        bench: has the photos, and starts the deployment.
        names: of the services.
        images: of a chunk.
        chunks: how many are measured.
        by_reference: the worker reads the photos; otherwise they are sent along.

    Raises:
        StackFailed: the deployment does not start.
    """
    with bench.stack([]) as stack:
        alone = _spent(connect(stack.redis_url, patience_s=1), lambda: sleep(IDLE_S))
    with photo_files(bench.photos) as files, deployment(bench, 1, [files[0].parent]) as stack:
        settings = bench.settings.model_copy(update={"redis_url": stack.redis_url})
        client = connect(stack.redis_url, patience_s=1)
        waiting = _spent(client, lambda: sleep(IDLE_S))
        inputs = cycle([Input(file.name, Reference(str(file))) for file in files])
        worker = stack.supervisor.pids("worker")
        with deployed_crew(settings, names, "fail") as crew:

            def send(count: int) -> list[Passage]:
                return [_pass(crew, list(islice(inputs, images)), worker, by_reference) for _ in range(count)]

            send(WARM)
            passages: list[Passage] = []
            spent = _spent(client, lambda: passages.extend(send(chunks)))
    return Costs(
        machine=f"{usable_cores()} cores, {platform.machine()}, Python {platform.python_version()}",
        services=list(names),
        by_reference=by_reference,
        images=images,
        image_bytes=round(images * fmean(map(len, bench.photos))),
        work_s=[round(one.work_s, 4) for one in passages],
        submit_s=_mean(one.submit_s for one in passages),
        collect_s=_mean(one.collect_s for one in passages),
        server_s=round(spent.cpu_s / chunks, 5),
        server_commands=round(spent.commands / chunks, 1),
        bytes_out=round(spent.bytes_out / chunks),
        idle_commands_per_s=round((waiting.commands - alone.commands) / IDLE_S, 2),
        idle_server_s_per_s=round(max(0.0, waiting.cpu_s - alone.cpu_s) / IDLE_S, 6),
    )


def _processes(stack: Stack) -> list[int]:
    return [pid for pids in pids_of(stack).values() for pid in pids]


def _pass(crew: Crew, photos: Sequence[Input], worker: Sequence[int], by_reference: bool) -> Passage:
    """Send one chunk, wait for it, and write it down."""
    working, started = cpu_s(worker), process_time()
    checked = crew.validator.check(photos, by_reference=by_reference)
    ticket = crew.executor.send([one for one in checked if not isinstance(one, Failure)])
    sent = process_time()
    while ticket not in crew.executor.ended(PATIENCE_S):
        pass
    worked, over = cpu_s(worker), process_time()
    ended = crew.executor.look(ticket)
    assert ended is not None
    if ended.items is None or any(item.failures for item in ended.items):
        raise SystemExit(f"a chunk failed: {ended}")
    form = Parquet(Table(crew.validator.plan.fields, {}))
    with TemporaryDirectory() as folder:
        form.write(Path(folder) / "part", list(zip(photos, ended.items, strict=True)))
    crew.executor.forget(ticket)
    return Passage(sent - started, worked - working, process_time() - over)


def _spent(client: Client, act: Callable[[], object]) -> Load:
    """What a server does while something happens."""
    before = _load(client)
    act()
    return Load(*(after - earlier for earlier, after in zip(before, _load(client), strict=True)))


def _load(client: Client) -> Load:
    counted = client.info("all")
    cpu_s = counted["used_cpu_user_main_thread"] + counted["used_cpu_sys_main_thread"]
    return Load(cpu_s, counted["total_commands_processed"], counted["total_net_output_bytes"])


def _mean(seconds: Iterable[float]) -> float:
    return round(fmean(seconds), 5)
