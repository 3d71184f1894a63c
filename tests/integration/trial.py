"""Real workers with a service that kills them, and jobs for them. The workers need no weights and no API."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any
from uuid import uuid4

import cv2
import numpy as np

from broker.app import create_app
from broker.chain import send_job
from broker.queues import FamilyQueues
from config.settings import JobSettings
from jobs.job import Job, JobSpec, NewJob
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence
from models.family import ModelFamily
from pipelines.chunk import Chunk, Item
from pipelines.plan import Plan, Stage, Step
from pipelines.sample import Sample
from tests.copied_tree import copy_tree, environment_of

SERVICE = Path(__file__).parent / "trial_service.py"
GOOD = 40
QUEUE = ModelFamily.MATCHING.value
QUICK = {"SILENCE_S": 4.0, "PAUSE_S": 2.0, "BEAT_S": 1.0, "GRACE_S": 3.0, "CHECK_EVERY_S": 1.0}
"""Times of a copy whose tests would take minutes otherwise."""


def trial_tree(folder: Path, times: Mapping[str, float]) -> Path:
    """A copy of the repository with the trial service, and with other times than the usual ones."""
    tree = copy_tree(folder, {"trial_detector.py": SERVICE.read_text()})
    for name, seconds in times.items():
        pattern = re.compile(rf"^{name} = [\d.]+$", re.MULTILINE)
        sources = [*tree.glob("jobs/**/*.py"), *tree.glob("workers/*.py")]
        (path,) = (source for source in sources if pattern.search(source.read_text()))
        path.write_text(pattern.sub(f"{name} = {seconds}", path.read_text()))
    return tree


class Trial:
    """A store with a broker, and workers of a tree.

    Attributes:
        redis: a client of the server.
        log: what the workers wrote.
    """

    def __init__(self, tree: Path, url: str, log: Path) -> None:
        self.redis: Any = connect(url, patience_s=5)
        self.redis.flushdb()
        self.log = log
        self.presence = Presence(self.redis)
        self.store = RedisJobStore(self.redis, JobSettings())
        self._app = create_app(url)
        self._tree = tree
        self._url = url
        self._started: list[subprocess.Popen[bytes]] = []

    def submit(self, *widths: int, stages: int = 1) -> str:
        """Send a job on images of these widths; returns its id."""
        images = [cv2.imencode(".png", np.zeros((20, width, 3), np.uint8))[1].tobytes() for width in widths]
        step = Step(service="trial-detector", asked=True, finds=True, fields=())
        spec = JobSpec(
            id=str(uuid4()),
            plan=Plan(steps=(step,) * stages),
            stages=tuple(
                Stage(index=index, first=index, family=ModelFamily.MATCHING, services=("trial-detector",))
                for index in range(stages)
            ),
            dialect="v2",
            images=len(images),
            created_at=time(),
            ttl_s=600,
            deadline_s=600,
        )
        items = [Item(sample=Sample(), blob=blob) for blob in spec.blobs]
        self.store.create(NewJob(spec, Chunk(items=items), [{} for _ in images], images=images))
        send_job(self._app, spec, FamilyQueues(co_locate=False))
        self.store.confirm_sent(spec.id)
        return spec.id

    def start(self, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a worker, and wait until it takes messages."""
        known = len(self.presence.workers())
        worker = self._launch(environment)
        self._wait(lambda: worker.poll() is not None or len(self.presence.workers()) > known, 60)
        assert worker.poll() is None, self.log.read_text()[-3000:]
        return worker

    def wait_all(self, jobs: Sequence[str], seconds: float, restart: Mapping[str, str] | None = None) -> list[Job]:
        """Wait for the ends of jobs; workers that die are started again with the environment `restart`."""

        def over() -> bool:
            if restart is not None and all(worker.poll() is not None for worker in self._started):
                self._launch(restart)
            return all(job.status.over for job in map(self.find, jobs))

        self._wait(over, seconds)
        return [self.find(job) for job in jobs]

    def wait_running(self, job: str) -> None:
        """Wait until a worker runs a job."""
        self._wait(lambda: self.find(job).started_at is not None, 30)

    def find(self, job_id: str) -> Job:
        """A job."""
        found = self.store.find(job_id)
        assert found is not None
        return found

    def end(self) -> None:
        """Kill the workers."""
        for worker in self._started:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()
        self._app.close()
        self.redis.close()

    def _launch(self, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as lines:
            worker = subprocess.Popen(
                [sys.executable, "-P", "-m", "embedded.process", "worker", QUEUE],
                cwd=self._tree,
                env={**environment_of(self._tree), "FACELINE_REDIS_URL": self._url, **environment},
                stdout=lines,
                stderr=subprocess.STDOUT,
            )
        self._started.append(worker)
        return worker

    def _wait(self, condition: Any, seconds: float) -> None:
        deadline = monotonic() + seconds
        while not condition():
            assert monotonic() < deadline, self.log.read_text()[-6000:]
            sleep(0.1)


@contextmanager
def trial(tree: Path, url: str, log: Path) -> Iterator[Trial]:
    """A trial whose workers are killed at the end."""
    running = Trial(tree, url, log)
    try:
        yield running
    finally:
        running.end()
