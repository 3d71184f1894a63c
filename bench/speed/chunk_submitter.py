"""Submits jobs of many photos each, as `faceline bulk` does. Runs in a process of its own.

The submitter keeps a window of jobs open, so that the worker always has a next one, and reads the result of each job
that ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from time import perf_counter

from bench.speed.load_client import LoadResult, timed
from bench.speed.process_usage import Pids
from broker.app import app
from broker.chain import ChainSender
from broker.queues import FamilyQueues
from config.settings import load_settings
from jobs.factory import JobFactory, Submission
from jobs.job import JobStatus, NewJob, Priority, RunOptions
from jobs.redis.connection import connect
from jobs.redis.jobs import FinishedStream, RedisJobStore
from models.catalogue import services
from models.runtime.session import MAX_ROWS
from pipelines.dialects import DIALECTS

TIMEOUT_S = 60.0
QUEUES = FamilyQueues(co_locate=True)


@dataclass(frozen=True, slots=True)
class ChunkLoad:
    """The chunks that a submitter sends.

    Attributes:
        names: the services.
        photos: the photos, taken in turn.
        count: the number of chunks.
        size: the number of photos in each chunk.
        window: the number of chunks that are queued or running at a time.
        pids: the processes of the stack, whose CPU time is measured.
    """

    names: Sequence[str]
    photos: Sequence[bytes]
    count: int
    size: int
    window: int
    pids: Pids


class ChunkSubmitter:
    """Submits chunks to the stack that `FACELINE_REDIS_URL` names, and waits until they end."""

    def __init__(self) -> None:
        settings = load_settings()
        client = connect(settings.redis_url, patience_s=TIMEOUT_S)
        self._factory = JobFactory(services(settings.modules), settings.jobs, settings.limits, QUEUES.prefix)
        self._store = RedisJobStore(client, settings.jobs)
        self._sender = ChainSender(app, QUEUES)
        self._finished = FinishedStream(connect(settings.redis_url, patience_s=TIMEOUT_S, blocks_s=TIMEOUT_S))
        self._finished.seek_end()

    def run(self, chunks: Iterator[NewJob], window: int) -> list[float]:
        """Sends chunks, and gives the seconds that each took, in the order in which they ended.

        Raises:
            RuntimeError: a chunk, or a sample of it, failed.
        """
        latencies, sent_at = [], {}
        for job in islice(chunks, window):
            sent_at[job.spec.id] = self._send(job)
        while sent_at:
            for job_id in self._finished.read(TIMEOUT_S):
                if job_id not in sent_at:
                    continue
                latencies.append(perf_counter() - sent_at.pop(job_id))
                self._read_result(job_id)
                for job in islice(chunks, 1):
                    sent_at[job.spec.id] = self._send(job)
        return latencies

    def chunks(self, load: ChunkLoad, count: int) -> Iterator[NewJob]:
        """Makes jobs of `load.size` photos each."""
        options = RunOptions(ttl_s=600, age_format="number", priority=Priority.BULK)
        photos = cycle(load.photos)
        dialect = DIALECTS["v2"]
        for _ in range(count):
            submissions = [Submission(load.names, {}, dialect, options, photo) for photo in islice(photos, load.size)]
            yield self._factory.make_job(
                [self._factory.check(submission) for submission in submissions], dialect, options
            )

    def _send(self, job: NewJob) -> float:
        started = perf_counter()
        self._store.create(job)
        self._sender.send(job.spec)
        return started

    def _read_result(self, job_id: str) -> None:
        job, outcome = self._store.find(job_id), self._store.data(job_id)
        assert job is not None
        if job.status is not JobStatus.SUCCEEDED or outcome is None or outcome.result is None:
            raise RuntimeError(f"a chunk is {job.status}: {job.failure}")
        if failures := [failure for item in outcome.result.items for failure in item.failures]:
            raise RuntimeError(f"a sample of a chunk failed: {failures[0]}")
        self._store.erase(job.spec, tombstone=False)


def send_chunks(load: ChunkLoad) -> LoadResult:
    """Sends chunks; a few that warm up the models' batches go first and are not timed.

    Raises:
        RuntimeError: a chunk, or a sample of it, failed.
    """
    submitter = ChunkSubmitter()
    submitter.run(submitter.chunks(replace(load, size=min(load.size, MAX_ROWS)), load.window), load.window)
    return timed(lambda: submitter.run(submitter.chunks(load, load.count), load.window), load.pids, load.size)
