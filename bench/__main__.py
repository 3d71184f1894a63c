"""`make bench`: four services on one photo, through the API and the queue, beside the bare loop of the same run.

The bare loop is measured before and after; where the two differ by more than a tenth, the machine was too noisy for
the figures to mean anything, and the run is refused.
"""

import json
import statistics
import sys
import tempfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from time import perf_counter

import httpx

from bench.bare import bare_rate
from cli.demo import SERVICES
from cli.stack import running_stack
from pipelines.settings import load_settings

PHOTO = Path(__file__).parent / "photos" / "portrait-1mp.jpg"
NOISE = 0.10
SECONDS = 10.0


def _job(client: httpx.Client, body: bytes) -> float:
    started = perf_counter()
    job = client.post("/jobs", content=body, headers={"Content-Type": "application/json"}).raise_for_status().json()
    ended = client.get(f"/jobs/{job['id']}", params={"wait": 60}).raise_for_status().json()
    if ended["status"] != "succeeded":
        raise SystemExit(f"a job is {ended['status']}: {ended['error']}")
    return perf_counter() - started


def main() -> int:
    """Measure and print."""
    settings = load_settings()
    photo = PHOTO.read_bytes()
    sample = {"_image": {"blob": b64encode(photo).decode(), "format": "IMAGE"}}
    body = json.dumps({"services": SERVICES, "sample": sample}).encode()
    threads = settings.worker_threads

    def bare() -> float:
        return bare_rate(settings.weights_dir, SERVICES, photo, SECONDS, threads)

    before = bare()
    single = bare_rate(settings.weights_dir, SERVICES, photo, SECONDS, 1)
    with tempfile.TemporaryDirectory() as data_dir, tempfile.TemporaryFile("w") as log:
        throw_away = settings.model_copy(update={"data_dir": Path(data_dir)})
        with (
            running_stack(throw_away, "127.0.0.1", 0, log) as stack,
            httpx.Client(base_url=stack.url, timeout=90, trust_env=False) as client,
            ThreadPoolExecutor(8) as pool,
        ):
            for _ in range(5):
                _job(client, body)
            latencies = sorted(_job(client, body) for _ in range(100))
            count = round(before * SECONDS)
            started = perf_counter()
            list(pool.map(_job, repeat(client, count), repeat(body)))
            rate = count / (perf_counter() - started)
    after = bare()
    if abs(before - after) / before > NOISE:
        print(f"refused: the bare loop ran at {before:.1f} and {after:.1f} photos/s; try again on a quieter machine")
        return 1
    mean = (before + after) / 2
    print(f"photo {PHOTO.name} ({len(photo)} bytes), services {', '.join(SERVICES)}")
    print(f"bare loop, 1 thread            {single:6.1f} photos/s   {1000 / single:6.1f} ms each")
    print(f"bare loop, {threads} threads           {mean:6.1f} photos/s   = 1.00")
    p50, p95 = statistics.median(latencies), latencies[94]
    print(f"jobs over HTTP, concurrency 1  {1000 * p50:6.1f} ms median {1000 * p95:6.1f} ms p95")
    print(f"jobs over HTTP, concurrency 8  {rate:6.1f} jobs/s     = {rate / mean:.2f} of the bare loop")
    return 0


if __name__ == "__main__":
    sys.exit(main())
