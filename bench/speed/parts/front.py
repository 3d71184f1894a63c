"""The part `front`: submissions per API process, the delay until a client hears of a job's end, and memory."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from access.token import Token
from bench.speed.child_process import run_in_child
from bench.speed.load_client import Load, send
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
ROUNDS = 6
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
    """Submissions to a deployment on this machine alone, to one that asks for keys, and to one that encrypts too."""
    (photo,) = photos(1, megapixels=0.015, quality=(80, 80))
    token = Token.new().reveal()
    with_key = {
        "FACELINE_ACCESS__FIRST_KEY": token,
        # Limits that are counted and never reached.
        "FACELINE_ACCESS__RATE": "1000000/second",
        "FACELINE_ACCESS__QUOTA": "1000000000/month",
    }
    with_encryption = {**with_key, "FACELINE_SECRETS__ENCRYPTION_KEYS": f"bench:{b64encode(bytes(32)).decode()}"}
    deployments: list[tuple[str, str | None, Mapping[str, str]]] = [
        ("no keys", None, {}),
        ("keys, limits, audit", token, with_key),
        ("keys, limits, audit, encryption", token, with_encryption),
    ]
    best: dict[str, Submitted] = {}
    for _ in range(ROUNDS):
        for title, key, overrides in deployments:
            plain = job_request(bench.all_services[:1], photo, key=key)
            note = "x" * (BODY_BYTES - len(plain))
            padded = job_request(bench.all_services[:1], photo, key=key, metadata={"note": note})
            with bench.stack(workers=[], overrides=overrides) as stack:
                found = _submitted(bench, stack.url, padded, pids_of(stack)["api"])
            best[title] = min(found, best.get(title, found), key=lambda one: one.api_ms)
    columns = ["deployment", "jobs/s", "p50 ms", "p95 ms", "api CPU ms/job", "api, % of a core", "client, % of a core"]
    notes = [
        f"POST /jobs, {BODY_BYTES} bytes each, {CONCURRENCY} at a time, to one API process without workers; "
        f"{usable_cores()} cores for client, API and server. The deployments are measured in turn, {ROUNDS} times; "
        "each row is the time with the least CPU time per job, since other programs of the machine only add to it."
    ]
    return SpeedTable("Submissions", columns, [[title, *one] for title, one in best.items()], notes=notes)


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


def _submitted(bench: Workbench, url: str, body: bytes, api: Sequence[int]) -> Submitted:
    few = run_in_child(send, Load(url, [body], WARM, CONCURRENCY, WARM))
    # No worker takes the jobs: more would exceed the limit of the queue.
    count = min(round(few.rate * bench.seconds), bench.settings.limits.queue_length - 3 * WARM)
    result = run_in_child(send, Load(url, [body], count, CONCURRENCY, pids={"api": api}))
    api_percent, client_percent = (100 * result.cpu_s[role] / result.seconds for role in ("api", "client"))
    api_ms = 1000 * result.cpu_s["api"] / count
    return Submitted(result.rate, *p50_p95_ms(result.latencies), api_ms, api_percent, client_percent)


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
