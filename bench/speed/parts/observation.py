"""The part `observation`: what logs, metrics and traces cost."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from bench.speed.load_client import LoadResult
from bench.speed.parts.queue import over_http
from bench.speed.tables import Cell, SpeedTable, p50_p95_ms
from bench.speed.workbench import FOUR_SERVICES, Workbench

CONCURRENCY = 8
ROUNDS = 9
"""The stacks are measured in turn, so that a change of the machine's speed meets all."""
WITHOUT_METRICS = Path(__file__).parents[1] / "without_metrics"
COLUMNS = ("deployment", "photos/s", "p50 ms", "p95 ms", "CPU ms per photo", "rate / nothing", "CPU / nothing")
SERVICE_ROLES = ("worker", "api", "server")


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures jobs over HTTP on stacks that differ in what they write about themselves."""
    quiet = {"FACELINE_ACCESS_LOG": "false", "FACELINE_LOG_LEVEL": "ERROR"}
    no_metrics = {"PYTHONPATH": str(WITHOUT_METRICS)}
    with ExitStack() as cleanup:
        traced = {"FACELINE_TRACES__ENDPOINT": cleanup.enter_context(collector())}
        ways: Mapping[str, Mapping[str, str]] = {
            "nothing": {**quiet, **no_metrics},
            "logs": no_metrics,
            "metrics": quiet,
            "logs and metrics": {},
            "logs, metrics, 1 of 10 traced": {**traced, "FACELINE_TRACES__RATIO": "0.1"},
            "logs, metrics, all traced": {**traced, "FACELINE_TRACES__RATIO": "1"},
        }
        bare = cleanup.enter_context(bench.around(FOUR_SERVICES))
        count = max(bare.count // ROUNDS, 4 * CONCURRENCY)
        stacks = {way: cleanup.enter_context(bench.stack(overrides=own)) for way, own in ways.items()}
        results: dict[str, list[LoadResult]] = {way: [] for way in ways}
        for turn in range(ROUNDS):
            # Each round begins with another stack.
            for way in [*ways][turn % len(ways) :] + [*ways][: turn % len(ways)]:
                results[way].append(over_http(bench, stacks[way], FOUR_SERVICES, bench.photos, count, CONCURRENCY))
    rows = [_row(way, measured, results["nothing"]) for way, measured in results.items()]
    notes = [
        f"{', '.join(FOUR_SERVICES)} on one photo per job, {CONCURRENCY} at a time over HTTP. Medians of {ROUNDS} "
        "rounds; the last two columns are medians of the ratios within a round. CPU is that of worker, API and server. "
        "The collector takes what is sent and drops it."
    ]
    return [SpeedTable("Logs, metrics and traces", COLUMNS, rows, [bare.baseline], [bare.cores], notes)]


def _row(way: str, measured: list[LoadResult], nothing: list[LoadResult]) -> list[Cell]:
    latencies_ms = p50_p95_ms([latency for result in measured for latency in result.latencies])
    cpu_ms = median(map(_cpu_ms, measured))
    rates = [one.rate / other.rate for one, other in zip(measured, nothing, strict=True)]
    cpus = [_cpu_ms(one) / _cpu_ms(other) for one, other in zip(measured, nothing, strict=True)]
    ratios = (f"{median(ratio):.3f}" for ratio in (rates, cpus))
    return [way, median(result.rate for result in measured), *latencies_ms, cpu_ms, *ratios]


def _cpu_ms(result: LoadResult) -> float:
    return 1000 * sum(result.cpu_s[role] for role in SERVICE_ROLES) / result.count


@contextmanager
def collector() -> Iterator[str]:
    """The URL of a collector of traces in a process of its own, which drops what it gets."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_collect, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


class _Dropping(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the base class names it
        """Writes nothing."""


def _collect(port: "Connection[int, int]") -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Dropping) as server:
        port.send(server.server_address[1])
        server.serve_forever()
