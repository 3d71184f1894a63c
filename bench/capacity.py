"""`python -m bench.capacity`: measures what a photo costs on this machine, and says what a load of photos needs.

It sends photos of about one megapixel through a real stack with one worker, for about half a minute.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from bench.speed.child_process import run_in_child
from bench.speed.load_client import Load, send
from bench.speed.parts.queue import over_http
from bench.speed.process_usage import memory_of
from bench.speed.workbench import FOUR_SERVICES, Workbench, job_request, pids_of
from config.errors import FacelineError
from config.settings import load_settings
from jobs.redis.connection import connect, server_state

CONCURRENCY = 8
WAITING = 64
"""So many jobs are sent to a stack without workers, to see what a waiting one takes in the store."""


@dataclass(frozen=True, slots=True)
class PhotoCosts:
    """What a photo costs.

    Attributes:
        cpu_s: the CPU time by role (worker, api, server), in seconds.
        process_mb: the resident memory of a process by role (worker, api), in MB.
        threads: of the worker.
        kept_bytes: what the store keeps of a job that has ended.
        waiting_bytes: what the store holds of a job that waits.
    """

    cpu_s: Mapping[str, float]
    process_mb: Mapping[str, float]
    threads: int
    kept_bytes: float
    waiting_bytes: float


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a deployment.

    Attributes:
        photos_per_s: on average over a busy minute.
        busy: the share of the cores' time that work may take, so that requests seldom wait for each other.
        kept_s: how long results are kept.
        waiting_s: how long photos may pile up, for example while workers are replaced.
        store_share: the share of the store's memory at which the API refuses jobs.
    """

    photos_per_s: float
    busy: float
    kept_s: float
    waiting_s: float
    store_share: float


def measure(bench: Workbench, names: Sequence[str]) -> PhotoCosts:
    """Measure on this machine.

    Raises:
        StackFailed: the stack does not start.
    """
    with bench.stack([["faceline"]], {"FACELINE_CO_LOCATE": "true"}) as stack:
        count = max(WAITING, bench.enough(names, bench.photos))
        before = _memory_bytes(stack.redis_url)
        sent = over_http(bench, stack, names, bench.photos, count, CONCURRENCY)
        jobs = count + 2 * CONCURRENCY
        kept_bytes = (_memory_bytes(stack.redis_url) - before) / jobs
        cpu_s = {role: seconds / count for role, seconds in sent.cpu_s.items() if role != "client"}
        process_mb = {role: memory_of(pids).rss for role, pids in pids_of(stack).items() if role != "server"}
    with bench.stack([], {"FACELINE_CO_LOCATE": "true"}) as idle:
        before = _memory_bytes(idle.redis_url)
        run_in_child(send, Load(idle.url, [job_request(names, photo) for photo in bench.photos], WAITING, CONCURRENCY))
        waiting_bytes = (_memory_bytes(idle.redis_url) - before) / WAITING
    return PhotoCosts(cpu_s, process_mb, bench.threads, kept_bytes, waiting_bytes)


def plan(costs: PhotoCosts, demand: Demand) -> list[tuple[str, str, str]]:
    """What a load needs: rows of the need, its size and how it follows."""
    rate, busy = demand.photos_per_s, demand.busy
    worker_ms, api_ms, server_ms = (1000 * costs.cpu_s[role] for role in ("worker", "api", "server"))
    worker_cores, api_cores = rate * worker_ms / 1000 / busy, rate * api_ms / 1000 / busy
    workers, apis = ceil(worker_cores / costs.threads), ceil(api_cores)
    kept_mb, waiting_mb = (
        rate * seconds * size / 1e6
        for seconds, size in ((demand.kept_s, costs.kept_bytes), (demand.waiting_s, costs.waiting_bytes))
    )
    store_mb = (kept_mb + waiting_mb) / demand.store_share
    cores = f"{rate:g}/s × {{:.1f}} ms / {busy:g}"
    return [
        ("cores of workers", f"{worker_cores:.1f}", cores.format(worker_ms)),
        (f"workers of {costs.threads} threads", str(workers), f"{costs.process_mb['worker']:.0f} MB each"),
        ("API processes", str(apis), f"{cores.format(api_ms)}; {costs.process_mb['api']:.0f} MB each"),
        ("store: its one core busy", f"{rate * server_ms / 10:.0f} %", f"{rate:g}/s × {server_ms:.2f} ms"),
        ("store: results", f"{kept_mb:,.0f} MB", f"{rate:g}/s × {demand.kept_s:g} s × {costs.kept_bytes / 1e3:.1f} kB"),
        (
            "store: photos that wait",
            f"{waiting_mb:,.0f} MB",
            f"{rate:g}/s × {demand.waiting_s:g} s × {costs.waiting_bytes / 1e3:.0f} kB",
        ),
        ("store: `maxmemory`", f"{store_mb:,.0f} MB", f"the sum / {demand.store_share:g}; as much again stays free"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints a plan; 1 if there are no figures."""
    given = _arguments(arguments)
    settings = load_settings()
    demand = Demand(given.photos_per_s, given.busy, given.kept_s, given.waiting_s, settings.limits.store_share)
    try:
        costs = measure(Workbench(settings, given.seconds, images=0), given.services)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    print("| need | size | because |\n|---|--:|---|")
    for row in plan(costs, demand):
        print(f"| {' | '.join(row)} |")
    return 0


def _memory_bytes(redis_url: str) -> float:
    client = connect(redis_url, patience_s=5)
    state: dict[str, Any] = server_state(client, "memory")
    return float(state["used_memory_dataset"])


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos-per-s", type=float, default=20, help="the load, in a busy minute")
    parser.add_argument("--services", nargs="+", default=FOUR_SERVICES, help="what runs on each photo")
    parser.add_argument("--busy", type=float, default=0.6, help="the share of the cores' time that work may take")
    parser.add_argument("--kept-s", type=float, default=3600, help="how long results are kept: FACELINE_JOBS__TTL_S")
    parser.add_argument("--waiting-s", type=float, default=60, help="how long photos may pile up")
    parser.add_argument("--seconds", type=float, default=10, help="about how long the load lasts")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
