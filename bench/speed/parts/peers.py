"""The part `peers`: Faceline beside other servers of the same models, one after the other, with the same client."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic, sleep

from bench.peers.catalogue import NAIVE, PEERS, Peer
from bench.speed.child_process import run_in_child
from bench.speed.http_connection import Connection, Refused
from bench.speed.load_client import Load, LoadResult, send
from bench.speed.parts.queue import over_http, row
from bench.speed.photos import photos
from bench.speed.tables import Cell, SpeedTable, mean
from bench.speed.workbench import FOUR_SERVICES, Workbench
from embedded.ports import free_port

CONCURRENCY = 8
LARGE, LARGE_MEGAPIXELS, LARGE_QUALITY = 12, 5.0, (98, 98)
"""Number, pixels and JPEG quality of photos of about a megabyte."""
START_S = 90.0
STOP_S = 15.0
COLUMNS = ("server", "photos/s", "of the bare loop", "p50 ms", "p95 ms", "client, % of the machine", "what differs")
FACELINE = "durable: a crash loses no accepted job"


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures all peers on the usual photos, and the naive Celery chain on photos of a megabyte, which it copies."""
    large = photos(LARGE, LARGE_MEGAPIXELS, LARGE_QUALITY)
    size_mb = sum(map(len, large)) / len(large) / 1e6
    return [
        _table(bench, "4 services beside peers", FOUR_SERVICES, bench.photos, PEERS),
        _table(bench, f"all {len(bench.all_services)} services beside peers", bench.all_services, bench.photos, PEERS),
        _table(bench, f"4 services on photos of {size_mb:.1f} MB", FOUR_SERVICES, large, [NAIVE]),
    ]


def _table(
    bench: Workbench, title: str, names: Sequence[str], pictures: Sequence[bytes], peers: Sequence[Peer]
) -> SpeedTable:
    rows: list[list[Cell]] = []
    with bench.around(names, pictures) as bare:
        with bench.stack() as stack:
            faceline = over_http(bench, stack, names, pictures, bare.count, CONCURRENCY)
        with bench.stack(workers=[]) as server:
            outcomes = [(peer, _measure(bench, peer, names, pictures, bare.count, server.redis_url)) for peer in peers]
    rate = mean(bare.baseline)
    rows.append([*row("Faceline", faceline, rate)[:-1], FACELINE])
    for peer, outcome in outcomes:
        if isinstance(outcome, LoadResult):
            rows.append([*row(peer.name, outcome, rate)[:-1], peer.differs])
        else:
            rows.append([peer.name, *([None] * (len(COLUMNS) - 2)), f"not measured: {outcome}"])
    notes = [f"{CONCURRENCY} requests at a time; each server processes {bench.threads} photos at a time."]
    return SpeedTable(title, COLUMNS, rows, [bare.baseline], [bare.cores], notes, COLUMNS[2])


def _measure(
    bench: Workbench, peer: Peer, names: Sequence[str], pictures: Sequence[bytes], count: int, redis_url: str
) -> LoadResult | str:
    """The result of a peer, or the reason why there is none."""
    if missing := peer.missing():
        return missing
    requests = [peer.request(photo) for photo in pictures]
    port = free_port()
    environment = {
        "BENCH_SERVICES": ",".join(names),
        "BENCH_THREADS": str(bench.threads),
        "BENCH_PORT": str(port),
        "FACELINE_REDIS_URL": redis_url,
    }
    url = f"http://127.0.0.1:{port}"
    try:
        with _running(peer, environment, url, requests[0]):
            return run_in_child(send, Load(url, requests, count, CONCURRENCY, warm=2 * CONCURRENCY))
    except (PeerFailed, Refused, OSError) as error:
        return str(error)


@contextmanager
def _running(peer: Peer, environment: Mapping[str, str], url: str, first: bytes) -> Iterator[None]:
    """A peer that has answered one request; it is stopped at the end.

    Raises:
        PeerFailed: the peer did not start.
    """
    with tempfile.TemporaryFile("w+") as log:
        # In a process group of its own, which can be killed as a whole.
        process = subprocess.Popen(
            peer.command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            deadline = monotonic() + START_S
            while not _answers(url, first):
                if process.poll() is not None or monotonic() > deadline:
                    log.seek(0)
                    last = (log.read().strip().splitlines() or ["its log is empty"])[-1]
                    raise PeerFailed(f"it did not start: {last}")
                sleep(0.2)
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str, request: bytes) -> bool:
    try:
        connection = Connection(url)
        connection.ask(request)
    except (OSError, Refused):
        return False
    connection.close()
    return True


class PeerFailed(Exception):
    """A peer does not start."""
