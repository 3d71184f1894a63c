"""`OverloadBench`: measures the capacity of a stack, and what its callers get when more comes."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import monotonic, sleep, time

import httpx

from bench.reliability.overload.goals import (
    SYNC,
    Step,
    answered_per_s,
    percentiles_ms,
    statuses_of,
)
from bench.reliability.overload.open_loop import OpenLoad, OpenResult, Stream, send_open
from bench.speed.child_process import child_process, environment, run_in_child
from bench.speed.http_connection import request
from bench.speed.load_client import Load, send
from bench.speed.photos import photos
from bench.speed.process_usage import cpu_s, idle_s, resident_mb
from bench.speed.workbench import Workbench, job_request, pids_of
from config.engine import usable_cores
from config.settings import JobSettings, load_settings
from embedded.process import wake_without_interrupting
from embedded.stack import Stack
from jobs.job import JobStatus
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore

SERVICE = "face-detector-face-fitter"
NORMAL_WAIT_SHARE = 1 / 15
"""The bound on the wait of jobs in these stacks, as a share of a part of a load. No load would reach the default.

Jobs that wait when the load ends have cost time of the API and are not counted as done, so there should be few of them.
"""
FILLING_SHARE = 1 / 15
"""The share of a part of a load in which the queues fill. What is done then does not count."""
CALLERS_PER_CORE = 3
"""While the capacity is measured: enough that each core always has work, few enough that no caller is refused."""
BOUNDARY = "overload"
PROBE_TIMES = 3.0
"""The stack has recovered once a single caller is answered within so many times the latency before the load."""
LONGEST_RECOVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which kinds of requests are sent.

    Attributes:
        sync: the share of synchronous requests.
        bulk: how many bulk jobs wait when a step begins.
    """

    name: str
    sync: float
    bulk: int = 0


class OverloadBench:
    """Measures one running stack.

    Args:
        stack: with nothing to do.
        client: a process that sends the loads.
        seconds: how long a load lasts.
    """

    def __init__(self, stack: Stack, client: ProcessPoolExecutor, seconds: float) -> None:
        self._stack = stack
        self._client = client
        self._seconds = seconds
        self._store = RedisJobStore(connect(stack.redis_url, patience_s=30), JobSettings())
        images = photos(16, megapixels=0.25)
        self._sync = [_form_request(photo) for photo in images]
        self._jobs = [job_request([SERVICE], photo) for photo in images]
        self._bulk = [job_request([SERVICE], photo, priority="bulk") for photo in images]  # type: ignore[arg-type]
        self._waiting_bulk: list[str] = []
        self.idle_memory_mb = 0.0

    def warm(self) -> None:
        """Lets the stack do some work, and notes its memory after it."""
        run_in_child(send, Load(self._stack.url, self._sync, 20, 1))
        # The workers report every three seconds what a message takes.
        sleep(4)
        self.measure_capacity()
        self.idle_memory_mb = self._memory_mb()

    def measure_capacity(self) -> float:
        """Requests per second that the stack answers while a few callers are served all the time."""
        seconds = max(3.0, self._seconds / 4)
        callers = CALLERS_PER_CORE * usable_cores()
        few = run_in_child(send, Load(self._stack.url, self._sync, 10 * callers, callers, callers))
        count = max(10 * callers, round(few.rate * seconds))
        return run_in_child(send, Load(self._stack.url, self._sync, count, callers)).rate

    def run(self, scenario: Scenario, times: float, capacity: float) -> Step:
        """Sends one load, and waits until the stack has recovered."""
        self._add_bulk(scenario.bulk)
        alone_ms = median(latency for _ in range(9) if (latency := self._probe_ms()) is not None)
        rates = {SYNC: times * capacity * scenario.sync, "jobs": times * capacity * (1 - scenario.sync)}
        requests = {SYNC: self._sync, "jobs": self._jobs}
        streams = [Stream(name, rate, requests[name]) for name, rate in rates.items()]
        began_at, filling_s = time(), self._seconds * FILLING_SHARE
        memory_mb, shares, result = self._watched(OpenLoad(self._stack.url, streams, self._seconds))
        ended_at = began_at + self._seconds
        recovered_s = self._recovered_s(alone_ms, ended_at)
        accepted = [answer.job for answer in result.answers if answer.job is not None]
        self._wait_for(accepted)
        p50_ms, p99_ms = percentiles_ms(result)
        refused = [answer for answer in result.answers if answer.status == 429]
        return Step(
            scenario=scenario.name,
            times=times,
            arrivals=len(result.answers) / self._seconds,
            goodput=answered_per_s(result, filling_s)
            + self._done_per_s([*accepted, *self._waiting_bulk], began_at + filling_s, ended_at),
            statuses=statuses_of(result),
            p50_ms=p50_ms,
            p99_ms=p99_ms,
            without_retry_after=sum(not answer.retry_after for answer in refused),
            unfinished=sum(self._status(job_id) is not JobStatus.SUCCEEDED for job_id in accepted),
            recovered_s=recovered_s,
            memory_mb=max(memory_mb, self._memory_mb()),
            shares=shares,
        )

    def unfinished_bulk(self) -> int:
        """Waits for the bulk jobs; how many of them did not succeed."""
        self._wait_for(self._waiting_bulk)
        return sum(self._status(job_id) is not JobStatus.SUCCEEDED for job_id in self._waiting_bulk)

    def _watched(self, load: OpenLoad) -> tuple[float, Mapping[str, float], OpenResult]:
        """Sends a load; the most memory of API and workers meanwhile, and the CPU share of each of `ROLES`."""
        pids = pids_of(self._stack)
        before, idle_before_s, began = {role: cpu_s(roots) for role, roots in pids.items()}, idle_s(), monotonic()
        sent: Future[OpenResult] = self._client.submit(send_open, load)
        memory_mb = 0.0
        while not sent.done():
            memory_mb = max(memory_mb, self._memory_mb())
            wait([sent], timeout=1)
        took = {role: cpu_s(roots) - before[role] for role, roots in pids.items()}
        took["idle"] = idle_s() - idle_before_s
        cores_s = (monotonic() - began) * usable_cores()
        result = sent.result()
        took["client"] = result.cpu_s
        return memory_mb, {role: seconds / cores_s for role, seconds in took.items()}, result

    def _memory_mb(self) -> float:
        pids = pids_of(self._stack)
        return resident_mb(pids["api"]) + resident_mb(pids["worker"])

    def _add_bulk(self, wanted: int) -> None:
        """Sends bulk jobs until so many wait."""
        waiting = sum(not self._status(job_id).over for job_id in self._waiting_bulk[-wanted:]) if wanted else 0
        with httpx.Client(base_url=self._stack.url, trust_env=False, timeout=60) as client:
            for number in range(wanted - waiting):
                body = self._bulk[number % len(self._bulk)].partition(b"\r\n\r\n")[2]
                answer = client.post("/jobs", content=body, headers={"Content-Type": "application/json"})
                answer.raise_for_status()
                self._waiting_bulk.append(answer.json()["id"])

    def _recovered_s(self, alone_ms: float, ended_at: float) -> float:
        """How long after a load a single caller was answered as fast as before, and the stack said that it is ready.

        Args:
            alone_ms: the latency of a single caller before the load.
            ended_at: when the load ended, in seconds since the epoch.
        """
        fast_ms = max(PROBE_TIMES * alone_ms, alone_ms + 100)
        while time() < ended_at + LONGEST_RECOVERY_S:
            began_at = time()
            latency_ms = self._probe_ms()
            if latency_ms is not None and latency_ms <= fast_ms and self._is_ready():
                return max(0.0, began_at - ended_at)
            sleep(0.1)
        return float("inf")

    def _is_ready(self) -> bool:
        return httpx.get(f"{self._stack.url}/readyz", timeout=60, trust_env=False).is_success

    def _probe_ms(self) -> float | None:
        """The latency of a single caller; None if it is refused."""
        head, _, body = self._sync[0].partition(b"\r\n\r\n")
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        path = head.split(b" ", 2)[1].decode()
        began = monotonic()
        with httpx.Client(base_url=self._stack.url, trust_env=False, timeout=60) as client:
            answer = client.post(path, content=body, headers=headers)
        return 1000 * (monotonic() - began) if answer.status_code == 200 else None

    def _wait_for(self, job_ids: Sequence[str], longest_s: float = 300.0) -> None:
        ends = monotonic() + longest_s
        for job_id in reversed(job_ids):
            while not self._status(job_id).over and monotonic() < ends:
                sleep(0.2)

    def _status(self, job_id: str) -> JobStatus:
        job = self._store.find(job_id)
        return job.status if job else JobStatus.ERASED

    def _done_per_s(self, job_ids: Sequence[str], began_at: float, ended_at: float) -> float:
        found = (self._store.find(job_id) for job_id in job_ids)
        ends = [job.finished_at for job in found if job is not None and job.status is JobStatus.SUCCEEDED]
        return sum(end is not None and began_at <= end <= ended_at for end in ends) / (ended_at - began_at)


def _form_request(photo: bytes) -> bytes:
    disposition = 'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg'
    body = f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    return request("POST", f"/{SERVICE}/v2/process/image", body, f"multipart/form-data; boundary={BOUNDARY}")


@contextmanager
def overload_bench(seconds: float) -> Iterator[OverloadBench]:
    """A stack of its own to measure.

    Raises:
        StackFailed: the stack does not start.
    """
    bound = {"FACELINE_LIMITS__NORMAL_WAIT_S": str(seconds * NORMAL_WAIT_SHARE)}
    with environment(**bound), Workbench(load_settings(), seconds, 0).stack() as stack, child_process() as client:
        # A client on another machine would not interrupt the stack.
        client.submit(wake_without_interrupting).result()
        yield OverloadBench(stack, client, seconds)
