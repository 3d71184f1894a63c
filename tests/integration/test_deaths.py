"""That the work of workers that die, freeze or hang is done once, and that only the image that kills them fails."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.job import Job, JobStatus
from jobs.redis import keys
from tests.integration.trial import GOOD, QUEUE, QUICK, Trial, trial, trial_tree
from tests.integration.trial_service import HANGS, KILLS

pytestmark = pytest.mark.stack

FOREVER = {"TRIAL_S": "600"}


@pytest.fixture(scope="module")
def usual_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trial_tree(tmp_path_factory.mktemp("usual"), {})


@pytest.fixture(scope="module")
def quick_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trial_tree(tmp_path_factory.mktemp("quick"), QUICK)


@pytest.fixture
def usual(usual_tree: Path, server_url: str, tmp_path: Path) -> Iterator[Trial]:
    with trial(usual_tree, server_url, tmp_path / "log") as running:
        yield running


@pytest.fixture
def quick(quick_tree: Path, server_url: str, tmp_path: Path) -> Iterator[Trial]:
    with trial(quick_tree, server_url, tmp_path / "log") as running:
        yield running


def kinds(job: Job) -> tuple[JobStatus, str | None]:
    return job.status, job.failure.type if job.failure else None


def test_a_live_worker_takes_over_from_one_that_was_killed(usual: Trial) -> None:
    """With the usual times: long before the visibility timeout of 120 s. The promise is 30 s on a machine with time."""
    killed = usual.start(FACELINE_WORKER_THREADS="2", **FOREVER)
    jobs = [usual.submit(GOOD, stages=2) for _ in range(2)]
    for job in jobs:
        usual.wait_running(job)
    usual.start()
    killed.kill()
    assert {kinds(job) for job in usual.wait_all(jobs, 60)} == {(JobStatus.SUCCEEDED, None)}
    assert "job sent again" not in usual.log.read_text()
    assert usual.redis.keys("faceline:taken:*") == []


def test_the_only_worker_takes_over_from_its_dead_self(quick: Trial) -> None:
    killed = quick.start(FACELINE_WORKER_THREADS="2", **FOREVER)
    jobs = [quick.submit(GOOD) for _ in range(4)]
    quick.wait_running(jobs[0])
    killed.kill()
    assert {kinds(job) for job in quick.wait_all(jobs, 60, restart={})} == {(JobStatus.SUCCEEDED, None)}


def test_a_worker_that_was_frozen_does_no_harm_when_it_wakes_up(quick: Trial) -> None:
    frozen = quick.start(FACELINE_WORKER_THREADS="1", TRIAL_S="3")
    job = quick.submit(GOOD, stages=2)
    quick.wait_running(job)
    frozen.send_signal(signal.SIGSTOP)
    other = quick.start(FACELINE_WORKER_THREADS="1")
    (ended,) = quick.wait_all([job], 60)
    frozen.send_signal(signal.SIGCONT)
    quick._wait(lambda: "stage result discarded" in quick.log.read_text(), 60)
    assert kinds(ended) == (JobStatus.SUCCEEDED, None)
    assert quick.find(job) == ended
    assert len({service.worker for service in ended.services}) == 1
    other.send_signal(signal.SIGTERM)
    assert other.wait(30) == 0
    assert [kinds(job) for job in quick.wait_all([quick.submit(GOOD)], 60)] == [(JobStatus.SUCCEEDED, None)]
    assert quick.redis.llen(QUEUE) == 0


def test_only_the_image_that_kills_the_worker_fails(quick: Trial) -> None:
    good = [quick.submit(GOOD) for _ in range(4)]
    culprit = quick.submit(KILLS)
    good += [quick.submit(GOOD) for _ in range(3)]
    ended = quick.wait_all([*good, culprit], 150, restart={"FACELINE_WORKER_THREADS": "8", "TRIAL_S": "1"})
    assert [kinds(job) for job in ended] == [(JobStatus.SUCCEEDED, None)] * 7 + [(JobStatus.FAILED, "poisoned")]
    ((_, letter),) = quick.redis.xrange(keys.DEAD_LETTERS)
    assert (letter[b"job"], letter[b"items"]) == (culprit.encode(), b"0")
    assert quick.log.read_text().count("worker is gone") == 3


def test_only_the_item_of_a_chunk_that_kills_the_worker_fails(quick: Trial) -> None:
    chunk = [GOOD] * 16
    chunk[5] = KILLS
    job = quick.submit(*chunk, stages=2)
    (ended,) = quick.wait_all([job], 150, restart={"FACELINE_WORKER_THREADS": "2"})
    assert kinds(ended) == (JobStatus.SUCCEEDED, None)
    assert ended.failed_items == 1
    data = quick.store.data(job)
    assert data is not None
    assert data.result is not None
    failures = [[failure.type for failure in item.failures] for item in data.result.items]
    assert failures == [["poisoned"] if index == 5 else [] for index in range(16)]


def test_a_worker_that_is_stuck_ends_itself_and_says_so(quick: Trial) -> None:
    jobs = [quick.submit(HANGS), quick.submit(GOOD)]
    environment = {"FACELINE_WORKER_THREADS": "2", "FACELINE_JOBS__STAGE_DEADLINE_S": "1"}
    ended = quick.wait_all(jobs, 150, restart=environment)
    assert [kinds(job) for job in ended] == [(JobStatus.FAILED, "poisoned"), (JobStatus.SUCCEEDED, None)]
    lines = [line for line in quick.log.read_text().splitlines() if "a stage is stuck" in line]
    assert len(lines) == 3
    assert all(jobs[0] in line and "trial-detector" in line for line in lines)
    assert "in detect" in quick.log.read_text(), "the stack of the thread"


def test_jobs_that_merely_wait_are_not_sent_again(quick: Trial) -> None:
    environment = {
        "FACELINE_JOBS__STAGE_DEADLINE_S": "1",
        "FACELINE_JOBS__VISIBILITY_TIMEOUT_S": "2",
        "FACELINE_JOBS__STALLED_AFTER_S": "3",
    }
    jobs = [quick.submit(GOOD) for _ in range(800)]
    lost = jobs.pop(400)
    (message,) = (text for text in quick.redis.lrange(QUEUE, 0, -1) if lost.encode() in text)
    assert quick.redis.lrem(QUEUE, 1, message) == 1
    for job in [*jobs, lost]:
        quick.redis.zadd(keys.ACTIVE, {job: 0})  # they have waited for long
    quick.start(FACELINE_WORKER_THREADS="1", TRIAL_S="0.01", **environment)
    ended = quick.wait_all([lost, *jobs], 150)
    assert {kinds(job) for job in ended} == {(JobStatus.SUCCEEDED, None)}
    sent = [line for line in quick.log.read_text().splitlines() if "job sent again" in line]
    assert [lost in line for line in sent] == [True]
