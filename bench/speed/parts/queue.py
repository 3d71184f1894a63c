"""The same services through the API and the queue, and in chunks through the queue."""

from collections.abc import Sequence

from bench.speed.child_process import apart, process
from bench.speed.chunk_submitter import Bulk, send_chunks
from bench.speed.load_client import Load, Sent, send
from bench.speed.tables import Cell, Table, mean, spread_ms
from bench.speed.workbench import Workbench, job_request, pids_of
from config.cores import usable_cores
from embedded.stack import Stack

CONCURRENCIES = (1, 8, 32)
FETCHED = 8
CHUNKS = (1, 16, 64)
ROUNDS = 2
"""The least number of chunks for each thread of the worker, of which one more waits."""
COLUMNS = ("way", "photos/s", "of the bare loop", "p50 ms", "p95 ms", "client, % of the machine", "CPU ms per photo")
PARTS = ("worker", "api", "server", "client")


def measure(bench: Workbench) -> list[Table]:
    """Each pipeline over HTTP at some concurrencies, and in chunks of some sizes."""
    tables = []
    with bench.stack() as stack:
        for title, names in bench.pipelines.items():
            with bench.around(names) as bare:
                ways = [(f"jobs over HTTP, {many} at a time", many, True) for many in CONCURRENCIES]
                ways.append((f"jobs by two requests, {FETCHED} at a time", FETCHED, False))
                sent = [
                    (way, over_http(bench, stack, names, bench.photos, bare.count, many, wait=wait))
                    for way, many, wait in ways
                ]
                sent += [(f"chunks of {size}", in_chunks(bench, stack, names, bare.count, size)) for size in CHUNKS]
            rate = mean(bare.baseline)
            rows: list[list[Cell]] = [["bare loop", rate, 1.0, None, None, None, f"{bare.cpu_ms:.1f}"]]
            rows += [row(way, one, rate) for way, one in sent]
            tables.append(
                Table(f"Through the queue: {title}", COLUMNS, rows, [bare.baseline], [bare.cores], NOTES, COLUMNS[2])
            )
    return tables


NOTES = (
    "The client, or the submitter of chunks, runs on the same cores; its share of them is what the service could have "
    "had. The last column: CPU of worker + api + server + client.",
)


def over_http(
    bench: Workbench,
    stack: Stack,
    names: Sequence[str],
    photos: Sequence[bytes],
    count: int,
    concurrency: int,
    *,
    wait: bool = True,
) -> Sent:
    """Jobs of one photo each; waited for by the request that submits them, or else by a second one."""
    requests = [job_request(names, photo, wait=wait) for photo in photos]
    # One at a time keeps one thread of the worker busy at most.
    count = count if concurrency > 1 else count // bench.threads
    load = Load(stack.url, requests, count, concurrency, 2 * concurrency, follow=True, pids=pids_of(stack))
    return apart(send, load)


def in_chunks(bench: Workbench, stack: Stack, names: Sequence[str], count: int, size: int, threads: int = 0) -> Sent:
    """Jobs of many photos each; as many for each thread of the workers, so that none idles at the end."""
    threads = threads or bench.threads
    rounds = max(ROUNDS, round(count / size / threads))
    bulk = Bulk(names, bench.photos, rounds * threads, size, 2 * threads, pids_of(stack))
    with process({"FACELINE_REDIS_URL": stack.redis_url}) as submitter:
        return submitter.submit(send_chunks, bulk).result()


def row(way: str, sent: Sent, bare: float) -> list[Cell]:
    """A row of the tables here."""
    share = 100 * sent.cpu_s["client"] / (sent.seconds * usable_cores())
    cpu_ms = (f"{1000 * sent.cpu_s.get(part, 0) / sent.count:.1f}" for part in PARTS)
    return [way, sent.rate, sent.rate / bare, *spread_ms(sent.latencies), share, " + ".join(cpu_ms)]
