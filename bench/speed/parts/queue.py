"""The part `queue`: services through the API and the queue, one photo or one chunk per job, beside the bare loop."""

from collections.abc import Sequence

from bench.speed.child_process import child_process, run_in_child
from bench.speed.chunk_submitter import ChunkLoad, send_chunks
from bench.speed.load_client import Load, LoadResult, send
from bench.speed.tables import Cell, SpeedTable, mean, p50_p95_ms
from bench.speed.workbench import Workbench, job_request, pids_of
from config.engine import usable_cores
from embedded.stack import Stack

CONCURRENCIES = (1, 8, 32)
TWO_REQUESTS_CONCURRENCY = 8
CHUNK_SIZES = (1, 16, 64)
MIN_CHUNKS_PER_THREAD = 2
"""One runs and one waits."""
COLUMNS = ("way", "photos/s", "of the bare loop", "p50 ms", "p95 ms", "client, % of the machine", "CPU ms per photo")
ROLES = ("worker", "api", "server", "client")
NOTES = (
    "The client, or the submitter of chunks, runs on the cores of the service, which lacks this share of them. "
    "The last column: CPU of worker + api + server + client.",
)


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures each pipeline over HTTP at several concurrencies, and in chunks of several sizes."""
    tables = []
    with bench.stack() as stack:
        for title, names in bench.pipelines.items():
            with bench.around(names) as bare:
                ways = [(f"jobs over HTTP, {many} at a time", many, True) for many in CONCURRENCIES]
                two = TWO_REQUESTS_CONCURRENCY
                ways.append((f"jobs by two requests, {two} at a time", two, False))
                results = [
                    (way, over_http(bench, stack, names, bench.photos, bare.count, many, wait=wait))
                    for way, many, wait in ways
                ]
                results += [
                    (f"chunks of {size}", in_chunks(bench, stack, names, bare.count, size)) for size in CHUNK_SIZES
                ]
            rate = mean(bare.baseline)
            rows: list[list[Cell]] = [["bare loop", rate, 1.0, None, None, None, f"{bare.cpu_ms:.1f}"]]
            rows += [row(way, result, rate) for way, result in results]
            title = f"Through the queue: {title}"
            tables.append(SpeedTable(title, COLUMNS, rows, [bare.baseline], [bare.cores], NOTES, COLUMNS[2]))
    return tables


def over_http(
    bench: Workbench,
    stack: Stack,
    names: Sequence[str],
    photos: Sequence[bytes],
    count: int,
    concurrency: int,
    *,
    wait: bool = True,
) -> LoadResult:
    """Sends jobs of one photo each; the request that submits a job waits for its end, or else a second one does."""
    requests = [job_request(names, photo, wait=wait) for photo in photos]
    # One job at a time keeps at most one thread of the worker busy.
    count = count if concurrency > 1 else count // bench.threads
    load = Load(stack.url, requests, count, concurrency, 2 * concurrency, follow=True, pids=pids_of(stack))
    return run_in_child(send, load)


def in_chunks(
    bench: Workbench, stack: Stack, names: Sequence[str], count: int, size: int, threads: int = 0
) -> LoadResult:
    """Sends jobs of `size` photos each: equally many for each thread of the workers, so that none idles at the end."""
    threads = threads or bench.threads
    per_thread = max(MIN_CHUNKS_PER_THREAD, round(count / size / threads))
    load = ChunkLoad(names, bench.photos, per_thread * threads, size, 2 * threads, pids_of(stack))
    with child_process({"FACELINE_REDIS_URL": stack.redis_url}) as submitter:
        return submitter.submit(send_chunks, load).result()


def row(way: str, result: LoadResult, bare: float) -> list[Cell]:
    """A row of `COLUMNS`."""
    client_percent = 100 * result.cpu_s["client"] / (result.seconds * usable_cores())
    cpu_ms = (f"{1000 * result.cpu_s.get(role, 0) / result.count:.1f}" for role in ROLES)
    latencies_ms = p50_p95_ms(result.latencies)
    return [way, result.rate, result.rate / bare, *latencies_ms, client_percent, " + ".join(cpu_ms)]
