"""What a hop takes: a Celery chain of four stages without work, beside a bare relay of four hops on one server."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from celery import chain

from bench.speed.apart import environment, process
from bench.speed.noop import NOTHING, REPLY, app
from bench.speed.tables import Table, spread_ms
from bench.speed.workbench import Workbench
from broker.queues import CO_LOCATED, all_queues
from jobs.redis.connection import connect

HOPS = 4
ANSWERS = "bench:answers"
RELAY = [f"bench:relay:{hop}" for hop in range(HOPS)]
STOP = b"stop"
PATIENCE_S = 30


def measure(bench: Workbench) -> list[Table]:
    """Latencies of both, one message at a time."""
    with bench.around(bench.every[:1]) as bare, bench.stack(workers=[]) as stack:
        client: Any = connect(stack.redis_url, patience_s=1)
        with process() as other:
            relaying = other.submit(relay, stack.redis_url)
            raw = _latencies(client, lambda: client.lpush(RELAY[0], b""), bench.seconds)
            client.lpush(RELAY[0], STOP)
            relaying.result()
        with environment(FACELINE_REDIS_URL=stack.redis_url), _worker():
            chained = _latencies(client, _send_chain, bench.seconds)
            app.close()
    (raw50, raw95), (chain50, chain95) = spread_ms(raw), spread_ms(chained)
    rows: list[list[str | float]] = [
        ["raw relay: 4 × BRPOP + LPUSH", raw50, raw95, raw50 / HOPS, 1.0],
        ["Celery chain of 4 stages without work", chain50, chain95, chain50 / HOPS, chain50 / raw50],
    ]
    columns = ["way", "p50 ms", "p95 ms", "p50 ms per hop", "p50 / relay"]
    notes = [f"{len(raw)} and {len(chained)} messages, one after the other; sending and the last reply are included."]
    return [Table("A chain of four stages without work", columns, rows, [bare.baseline], [bare.cores], notes)]


def relay(url: str) -> None:
    """Hand messages on from list to list."""
    client: Any = connect(url, patience_s=1)
    onward = dict(zip(RELAY, [*RELAY[1:], ANSWERS], strict=True))
    while True:
        name, message = client.brpop(RELAY)
        if message == STOP:
            return
        client.lpush(onward[name.decode()], message)


def _send_chain() -> None:
    links = [app.signature(NOTHING, queue=CO_LOCATED, immutable=True) for _ in range(HOPS - 1)]
    last = app.signature(REPLY, args=(ANSWERS,), queue=CO_LOCATED, immutable=True)
    chain(*links, last, app=app).apply_async()


def _latencies(client: Any, start: Callable[[], object], seconds: float) -> list[float]:
    latencies: list[float] = []
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        started = perf_counter()
        start()
        if client.brpop([ANSWERS], timeout=PATIENCE_S) is None:
            raise SystemExit("a chain did not come to its end")
        latencies.append(perf_counter() - started)
    # The first ones open connections.
    return latencies[len(latencies) // 10 :]


@contextmanager
def _worker() -> Iterator[None]:
    """A worker as `embedded.process` starts it, but for its tasks."""
    options = ["--queues", ",".join(all_queues([CO_LOCATED])), "--hostname", "bench@%h"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "bench.speed.noop", "worker", *options, *quiet]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(PATIENCE_S)
