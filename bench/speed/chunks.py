"""Jobs of many samples each: what a bulk submitter does, in a process of its own.

It keeps a window of jobs open, so that the worker always has the next one, and reads the results of each that ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from time import perf_counter

from bench.speed.client import Sent, timed
from bench.speed.processes import Pids
from broker.app import app
from broker.chain import send_job
from broker.queues import Placement
from config.settings import load_settings
from jobs.factory import JobFactory, Options, Submission
from jobs.job import JobStatus, NewJob, Priority
from jobs.redis.connection import connect
from jobs.redis.jobs import FinishedStream, RedisJobStore
from models.catalogue import services
from models.imaging.preprocessing import MAX_ROWS
from pipelines.dialects import DIALECTS

PATIENCE_S = 60.0
PLACEMENT = Placement(co_locate=True)


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a submitter does.

    Attributes:
        names: of the services.
        photos: sent in turn.
        count: how many chunks.
        size: photos of each chunk.
        window: how many chunks are queued or running at a time.
        pids: of the stack; their CPU time is noted.
    """

    names: Sequence[str]
    photos: Sequence[bytes]
    count: int
    size: int
    window: int
    pids: Pids


class Submitter:
    """Submits chunks to the stack that the environment names, and waits for their ends."""

    def __init__(self) -> None:
        settings = load_settings()
        client = connect(settings.redis_url, patience_s=PATIENCE_S)
        self._intake = JobFactory(services(settings.modules), settings.jobs, settings.limits, PLACEMENT.place)
        self._store = RedisJobStore(client, settings.jobs)
        self._finished = FinishedStream(client)
        self._finished.seek_end()

    def run(self, chunks: Iterator[NewJob], window: int) -> list[float]:
        """Send chunks, and give how long each took, in the order in which they ended."""
        latencies, sent_at = [], {}
        for job in islice(chunks, window):
            sent_at[job.spec.id] = self._send(job)
        while sent_at:
            for job_id in self._finished.read(PATIENCE_S):
                if job_id not in sent_at:
                    continue
                latencies.append(perf_counter() - sent_at.pop(job_id))
                self._look(job_id)
                for job in islice(chunks, 1):
                    sent_at[job.spec.id] = self._send(job)
        return latencies

    def chunks(self, bulk: Bulk, count: int) -> Iterator[NewJob]:
        """Jobs of `bulk.size` samples each."""
        options = Options(ttl_s=600, age_format="number", priority=Priority.BULK)
        photos = cycle(bulk.photos)
        dialect = DIALECTS["v2"]
        for _ in range(count):
            submissions = [Submission(bulk.names, {}, dialect, options, photo) for photo in islice(photos, bulk.size)]
            yield self._intake.gather([self._intake.check(one) for one in submissions], dialect, options)

    def _send(self, job: NewJob) -> float:
        started = perf_counter()
        self._store.create(job)
        send_job(app, job.spec, PLACEMENT)
        return started

    def _look(self, job_id: str) -> None:
        job, outcome = self._store.find(job_id), self._store.data(job_id)
        assert job is not None
        if job.status is not JobStatus.SUCCEEDED or outcome is None or outcome.result is None:
            raise RuntimeError(f"a chunk is {job.status}: {job.failure}")
        if failures := [failure for item in outcome.result.items for failure in item.failures]:
            raise RuntimeError(f"a sample of a chunk failed: {failures[0]}")
        self._store.erase(job.spec, tombstone=False)


def send_chunks(bulk: Bulk) -> Sent:
    """Send chunks; a few that fill the batches of the models beforehand, uncounted."""
    submitter = Submitter()
    submitter.run(submitter.chunks(replace(bulk, size=min(bulk.size, MAX_ROWS)), bulk.window), bulk.window)
    return timed(lambda: submitter.run(submitter.chunks(bulk, bulk.count), bulk.window), bulk.pids, bulk.size)
