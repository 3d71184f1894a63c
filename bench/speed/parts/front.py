"""The part `front`: submissions per API process, the delay until a client hears of a job's end, and memory."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from access.token import Token
from bench.speed.child_process import child_process, run_in_child
from bench.speed.load_client import Load, LoadResult, send
from bench.speed.notification_delay import notification_delays
from bench.speed.photos import photos
from bench.speed.process_usage import memory_of
from bench.speed.tables import Cell, SpeedTable, p50_p95_ms
from bench.speed.workbench import Workbench, job_request, pids_of
from config.engine import usable_cores
from config.settings import Settings

BODY_BYTES = 10_000
CONCURRENCY = 16
WARM = 200
JOBS = 100
ROUNDS = 80
"""No worker takes the jobs: all of them together must not exceed the limit of the queue."""
PLAIN = "no keys"
FAST_SERVICE = "age-estimator"
GIVEN_FACE = {"objects": [{"id": 0, "class": "face", "bbox": [0.3, 0.2, 0.7, 0.6]}]}
MEGAPIXELS = 0.3


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures submissions, notifications and memory."""
    with bench.around(bench.all_services[:1]) as bare:
        submitted = _submissions(bench)
        with bench.stack(workers=[]) as stack:
            notified = _notifications(bench.settings, stack.redis_url)
        memory = _memory(bench)
    tables = (submitted, notified, memory)
    return [
        SpeedTable(table.title, table.columns, table.rows, [bare.baseline], [bare.cores], table.notes)
        for table in tables
    ]


def _submissions(bench: Workbench) -> SpeedTable:
    """Submissions to a deployment on this machine alone, to one that asks for keys, and to one that encrypts too.

    All three run at the same time and get requests in turn, for a third of a second each: the speed of the machine
    changes all the time, and so it changes for all of them.
    """
    sent: dict[str, list[LoadResult]] = defaultdict(list)
    with ExitStack() as running, child_process() as client:
        places = {title: _start(bench, running, key, overrides) for title, key, overrides in _deployments()}
        for _ in range(ROUNDS):
            for title, place in places.items():
                load = Load(place.url, [place.body], JOBS, CONCURRENCY, pids={"api": place.api})
                sent[title].append(client.submit(send, load).result())
    submitted = {title: _submitted(results) for title, results in sent.items()}
    rows: list[list[Cell]] = []
    for title, one in submitted.items():
        more = None if title == PLAIN else f"{100 * (one.api_ms / submitted[PLAIN].api_ms - 1):+.1f} %"
        rows.append([title, *one, more])
    notes = [
        f"POST /jobs, {BODY_BYTES} bytes each, {CONCURRENCY} at a time, to one API process without workers; "
        f"{usable_cores()} cores for client, API and server. The deployments run at the same time and get {JOBS} "
        f"requests in turn, {ROUNDS} times."
    ]
    columns = ["deployment", "jobs/s", "p50 ms", "p95 ms", "api CPU ms/job", "api, % of a core", "client, % of a core"]
    return SpeedTable("Submissions", [*columns, "api CPU beside no keys"], rows, notes=notes)


def _deployments() -> list[tuple[str, str | None, Mapping[str, str]]]:
    """The title of each deployment, the key of its callers, and its settings."""
    token = Token.new().reveal()
    with_key = {
        "FACELINE_ACCESS__FIRST_KEY": token,
        # Limits that are counted and never reached.
        "FACELINE_ACCESS__RATE": "1000000/second",
        "FACELINE_ACCESS__QUOTA": "1000000000/month",
    }
    with_encryption = {**with_key, "FACELINE_SECRETS__ENCRYPTION_KEYS": f"bench:{b64encode(bytes(32)).decode()}"}
    return [
        (PLAIN, None, {}),
        ("keys, limits, audit", token, with_key),
        ("keys, limits, audit, encryption", token, with_encryption),
    ]


class Place(NamedTuple):
    """Where requests are sent.

    Attributes:
        body: the bytes of a request.
        api: the processes of the API.
    """

    url: str
    body: bytes
    api: Sequence[int]


def _start(bench: Workbench, running: ExitStack, key: str | None, overrides: Mapping[str, str]) -> Place:
    (photo,) = photos(1, megapixels=0.015, quality=(80, 80))
    plain = job_request(bench.all_services[:1], photo, key=key)
    padded = job_request(bench.all_services[:1], photo, key=key, metadata={"note": "x" * (BODY_BYTES - len(plain))})
    stack = running.enter_context(bench.stack(workers=[], overrides=overrides))
    run_in_child(send, Load(stack.url, [padded], WARM, CONCURRENCY))
    return Place(stack.url, padded, pids_of(stack)["api"])


class Submitted(NamedTuple):
    """What submissions took.

    Attributes:
        rate: jobs per second.
        p50_ms: of the answers.
        p95_ms: of the answers.
        api_ms: CPU time of the API per job.
        api_percent: CPU time of the API, in percent of a core.
        client_percent: CPU time of the client, in percent of a core.
    """

    rate: float
    p50_ms: float
    p95_ms: float
    api_ms: float
    api_percent: float
    client_percent: float


def _submitted(results: Sequence[LoadResult]) -> Submitted:
    """What several loads took together."""
    count, seconds = (sum(each) for each in zip(*((one.count, one.seconds) for one in results), strict=True))
    api_s, client_s = (sum(one.cpu_s[role] for one in results) for role in ("api", "client"))
    latencies = [latency for one in results for latency in one.latencies]
    times = 1000 * api_s / count, 100 * api_s / seconds, 100 * client_s / seconds
    return Submitted(count / seconds, *p50_p95_ms(latencies), *times)


def _notifications(settings: Settings, redis_url: str) -> SpeedTable:
    sent, acknowledged = notification_delays(settings, redis_url)
    rows: list[list[Cell]] = [
        ["after the worker sent the end", *p50_p95_ms(sent)],
        ["after the server acknowledged it", *p50_p95_ms(acknowledged)],
    ]
    title = "Delay until a waiting client hears of the end of its job"
    notes = [f"{len(sent)} jobs end one after the other; a client waits for each of them."]
    return SpeedTable(title, ["delay", "p50 ms", "p95 ms"], rows, notes=notes)


def _memory(bench: Workbench) -> SpeedTable:
    """RSS and PSS of a stack that has just started, that is warm, and at the end."""
    requests = [job_request([FAST_SERVICE], photo, GIVEN_FACE, wait=True) for photo in photos(50, MEGAPIXELS)]
    rows: list[list[Cell]] = []
    with bench.stack() as stack:
        warm = bench.images // 10
        for done, more in ((0, 0), (warm, warm), (bench.images, bench.images - warm)):
            rate = run_in_child(send, Load(stack.url, requests, more, 8, follow=True)).rate if more else None
            sizes = [size for role in ("api", "worker") for size in memory_of(pids_of(stack)[role])]
            rows.append([f"after {done} images", rate, *sizes])
    growths = [_growth_percent(rows[1][column], rows[2][column]) for column in (2, 4)]
    columns = ["when", "photos/s", "api RSS MB", "api PSS MB", "worker RSS MB", "worker PSS MB"]
    notes = [
        f"{FAST_SERVICE} on photos of about {MEGAPIXELS} megapixels with a given face, 8 at a time over HTTP; the "
        "worker holds all models. "
        f"RSS grew by {growths[0]:.1f} % (api) and {growths[1]:.1f} % (worker) once warm."
    ]
    return SpeedTable("Memory", columns, rows, notes=notes)


def _growth_percent(before: Cell, after: Cell) -> float:
    assert isinstance(before, float)
    assert isinstance(after, float)
    return 100 * (after / before - 1)
