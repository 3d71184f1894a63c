"""`run_scenario`: one scenario on a stack, from the first job to the verdict."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from random import Random
from threading import Timer
from time import monotonic, sleep, time
from typing import Any
from uuid import uuid4

import httpx

from bench.reliability.caller import LONG_POLL_S, TIMEOUT, Caller, GaveUp
from bench.reliability.ledger import SUCCEEDED, Ledger, StoreView, Verdict
from bench.reliability.load import Load
from bench.reliability.scenarios import Scenario
from bench.reliability.scene import Scene
from bench.reliability.stack import StackUnusable, TestedStack
from bench.reliability.work import Work, alike, all_work
from jobs.errors import StorageError
from jobs.redis import keys
from jobs.redis.connection import storage

LOST_AFTER_S = 120.0
"""A job without an end so long after the last disturbance is lost."""
FIRST_END_S = 60.0
AFTERWARDS_S = 2.0
"""How long jobs come in after the last disturbance, at least."""
READ_AGAIN_S = 60.0
PAGE = 100
INCOMPLETE = ("validating", "failed")
"""Statuses of a batch that has not come in as a whole."""

Results = Mapping[Work, Any]
"""The results of a quiet stack."""


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """The newest entries of the streams of the store when a scenario began."""

    finished: bytes
    dead_letters: bytes
    at: float

    @staticmethod
    def now(stack: TestedStack) -> "StreamPosition":
        """The present position."""
        store = stack.store()
        with storage():
            newest = [store.xrevrange(stream, count=1) for stream in (keys.FINISHED, keys.DEAD_LETTERS)]
        finished, dead_letters = (entries[0][0] if entries else b"0-0" for entries in newest)
        return StreamPosition(finished, dead_letters, time())


def api_client(stack: TestedStack) -> httpx.Client:
    """A client of the API of a stack, for many threads."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    return httpx.Client(base_url=stack.url, timeout=TIMEOUT, limits=limits, trust_env=False)


def quiet_results(stack: TestedStack, photos: Mapping[str, bytes]) -> Results:
    """The result of each photo with each plan, from a stack that is not disturbed.

    Raises:
        StackUnusable: a job failed.
    """
    ledger = Ledger()
    with api_client(stack) as client, ThreadPoolExecutor(4) as pool:
        caller = Caller(client, photos, ledger)
        list(pool.map(lambda work: caller.run_job(str(uuid4()), work), all_work(sorted(photos))))
    results = {}
    for entry in ledger.entries:
        (answer,) = entry.answers
        if answer.status != SUCCEEDED:
            raise StackUnusable(f"a job failed on a stack that is not disturbed: {entry.work}: {answer.error}")
        results[entry.work] = answer.result
    return results


def run_scenario(
    scenario: Scenario,
    stack: TestedStack,
    results: Results,
    photos: Mapping[str, bytes],
    seed: str,
    seconds: float,
    lost_after_s: float = LOST_AFTER_S,
) -> Verdict:
    """Runs a scenario on a stack that is ready, and judges what callers got. `seed`: of all that is drawn."""
    ledger = Ledger()
    names = sorted(photos)
    with api_client(stack) as client:
        may_be_away = scenario.may_be_away or stack.layout == "families"
        caller = Caller(client, photos, ledger, may_be_away=may_be_away)
        load = Load(caller, Random(f"{seed} load"), names)
        scene = Scene(stack, client, load, ledger, Random(seed), names, seconds)
        began = StreamPosition.now(stack)
        try:
            if scenario.streams:
                load.start()
                _wait_for_end(ledger, monotonic(), FIRST_END_S)
            scenario.disturb(scene)
            if scenario.streams:
                sleep(AFTERWARDS_S)
                _wait_for_end(ledger, scene.disturbances[-1].over_at, lost_after_s)
        except StackUnusable as error:
            ledger.complain(str(error))
        except KeyboardInterrupt:
            lost_after_s = 0
            raise
        finally:
            load.stop()
            load.drain(monotonic() + lost_after_s, lambda: not stack.has_ended)
        try:
            view = _view(stack, client, began, ledger)
            _read_again(client, photos, ledger)
        except (StackUnusable, StorageError, httpx.TransportError) as error:
            ledger.complain(f"the jobs could not be read again: {error}")
            view = StoreView()
    return ledger.judge(view, lambda work, result: alike(result, results[work]), scene.disturbances)


def _wait_for_end(ledger: Ledger, since: float, most_s: float) -> None:
    until = monotonic() + most_s
    while not ledger.ended_after(since) and monotonic() < until:
        sleep(0.1)


def _read_again(client: httpx.Client, photos: Mapping[str, bytes], ledger: Ledger) -> None:
    """Read each job that has an end a second time."""
    caller = Caller(client, photos, ledger)
    patience = Timer(READ_AGAIN_S, caller.gives_up.set)
    patience.start()
    try:
        for entry in ledger.entries:
            if entry.job_id and entry.answers:
                ledger.answer(entry.name, caller.read_job(entry.job_id))
    except GaveUp:
        ledger.complain(f"the jobs could not be read again within {READ_AGAIN_S:g} s")
    finally:
        patience.cancel()


def _view(stack: TestedStack, client: httpx.Client, began: StreamPosition, ledger: Ledger) -> StoreView:
    store = stack.store()
    with storage():
        ended = store.xrange(keys.FINISHED, min=b"(" + began.finished)
        letters = store.xrange(keys.DEAD_LETTERS, min=b"(" + began.dead_letters)
    ends = Counter(fields[b"job"].decode() for _, fields in ended)
    # Answers to `/readyz` are in the stream too.
    jobs = {job_id: count for job_id, count in ends.items() if not job_id.startswith("check-")}
    return StoreView(jobs, [fields[b"job"].decode() for _, fields in letters], made_again(client, began.at, ledger))


def made_again(client: httpx.Client, since: float, ledger: Ledger) -> dict[str, list[str]]:
    """By the name of a request, the jobs and batches that were made of it beside the acknowledged one."""
    acknowledged = {known for entry in ledger.entries for known in (entry.job_id, entry.batch_id)}
    copies = defaultdict[str, list[str]](list)
    for job_id in _listed(client, "jobs", since):
        if job_id not in acknowledged:
            job = client.get(f"/jobs/{job_id}")
            if job.is_success and (metadata := job.json()["metadata"]):
                copies[metadata["name"]].append(job_id)
    for batch_id in _listed(client, "batches", since):
        if batch_id not in acknowledged:
            for name in _requests(client, batch_id):
                copies[name].append(batch_id)
    return copies


def _requests(client: httpx.Client, batch_id: str) -> set[str]:
    """The names of the requests of a batch that have an outcome; none if it has not come in as a whole."""
    batch = client.get(f"/batches/{batch_id}", params={"wait": LONG_POLL_S})
    # If the API is killed while a batch comes in, the batch fails and its jobs are erased: the caller sends it again.
    if not batch.is_success or batch.json()["status"] in INCOMPLETE:
        return set()
    pages = [client.get(f"/batches/{batch_id}/{part}") for part in ("output", "errors")]
    lines = [line for page in pages if page.is_success for line in page.text.splitlines()]
    return {name for line in lines if (name := json.loads(line)["custom_id"])}


def _listed(client: httpx.Client, kind: str, since: float) -> list[str]:
    """The ids of the listed jobs or batches that were created since a time; the list has the latest first."""
    ids: list[str] = []
    cursor = None
    while True:
        page = client.get(f"/{kind}", params={"limit": PAGE, **({"cursor": cursor} if cursor else {})})
        if not page.is_success:
            raise StackUnusable(f"the list of {kind} was answered {page.status_code}")
        items = page.json()[kind]
        recent = [item["id"] for item in items if datetime.fromisoformat(item["created_at"]).timestamp() >= since]
        ids += recent
        cursor = page.json()["next"]
        if cursor is None or len(recent) < len(items):
            return ids
