"""The part `hops`: a Celery chain of four stages without work, beside a bare relay of four hops on one server."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from celery import chain

from bench.speed.child_process import child_process, environment
from bench.speed.noop_tasks import NOTHING, REPLY, app
from bench.speed.tables import SpeedTable, p50_p95_ms
from bench.speed.workbench import Workbench
from broker.queues import CO_LOCATED, all_queues
from jobs.redis.connection import connect

HOPS = 4
REPLIES = "bench:answers"
RELAY = [f"bench:relay:{hop}" for hop in range(HOPS)]
STOP = b"stop"
TIMEOUT_S = 30


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures the latencies of relay and chain, one message at a time."""
    with bench.around(bench.all_services[:1]) as bare, bench.stack(workers=[]) as stack:
        client: Any = connect(stack.redis_url, patience_s=1)
        with child_process() as child:
            relaying = child.submit(relay, stack.redis_url)
            relayed = _latencies(client, lambda: client.lpush(RELAY[0], b""), bench.seconds)
            client.lpush(RELAY[0], STOP)
            relaying.result()
        with environment(FACELINE_REDIS_URL=stack.redis_url), _worker():
            chained = _latencies(client, _send_chain, bench.seconds)
            app.close()
    (relay50, relay95), (chain50, chain95) = p50_p95_ms(relayed), p50_p95_ms(chained)
    rows: list[list[str | float]] = [
        ["raw relay: 4 × BRPOP + LPUSH", relay50, relay95, relay50 / HOPS, 1.0],
        ["Celery chain of 4 stages without work", chain50, chain95, chain50 / HOPS, chain50 / relay50],
    ]
    title = "A chain of four stages without work"
    columns = ["way", "p50 ms", "p95 ms", "p50 ms per hop", "p50 / relay"]
    notes = [f"{len(relayed)} and {len(chained)} messages, one after the other, from sending to the last reply."]
    return [SpeedTable(title, columns, rows, [bare.baseline], [bare.cores], notes)]


def relay(url: str) -> None:
    """Moves messages from list to list until a stop message."""
    client: Any = connect(url, patience_s=1)
    next_list = dict(zip(RELAY, [*RELAY[1:], REPLIES], strict=True))
    while True:
        name, message = client.brpop(RELAY)
        if message == STOP:
            return
        client.lpush(next_list[name.decode()], message)


def _send_chain() -> None:
    stages = [app.signature(NOTHING, queue=CO_LOCATED, immutable=True) for _ in range(HOPS - 1)]
    last = app.signature(REPLY, args=(REPLIES,), queue=CO_LOCATED, immutable=True)
    chain(*stages, last, app=app).apply_async()


def _latencies(client: Any, start: Callable[[], object], seconds: float) -> list[float]:
    latencies: list[float] = []
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        started = perf_counter()
        start()
        if client.brpop([REPLIES], timeout=TIMEOUT_S) is None:
            raise SystemExit(f"a message got no reply within {TIMEOUT_S} s")
        latencies.append(perf_counter() - started)
    # The first messages open connections.
    return latencies[len(latencies) // 10 :]


@contextmanager
def _worker() -> Iterator[None]:
    """A worker with the options of `embedded.process`, but with tasks that do nothing."""
    options = ["--queues", ",".join(all_queues([CO_LOCATED])), "--hostname", "bench@%h"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = [sys.executable, "-P", "-m", "bench.speed.noop_tasks", "worker", *options, *quiet]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(TIMEOUT_S)
