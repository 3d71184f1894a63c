"""Erasing all jobs and batches of an owner."""

from time import time

import pytest

from config.settings import BatchSettings, JobSettings
from jobs.batches.batch import BatchSpec
from jobs.batches.service import BatchService
from jobs.erasure import Erased, erase_everything
from jobs.job import JobSpec
from jobs.service import JobService
from tests.fakes.batch_store import MemoryBatchStore
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job


class Unsent:
    """A sender that sends nothing."""

    def send(self, spec: JobSpec) -> None: ...


class There:
    def __init__(self) -> None:
        self.store = MemoryJobStore(JobSettings())
        self.batch_store = MemoryBatchStore(self.store)
        self.jobs = JobService(self.store, Unsent())
        self.batches = BatchService(self.batch_store, self.store, BatchSettings(), lambda: 0.0)

    def add(self, owner: str, jobs: int) -> None:
        for _ in range(jobs):
            self.store.create(new_job(owner=owner))
        batch = BatchSpec(id=f"batch of {owner}", created_at=time(), ttl_s=60, silence_s=60, deadline_s=60, owner=owner)
        self.batch_store.create(batch)
        part = new_job(batch=batch.id, owner=owner)
        self.store.create(part)
        self.batch_store.add_job(batch, part.spec.id, 1, time())

    def left(self, owner: str) -> tuple[int, int]:
        return len(self.store.listed(1000, owner)), len(self.batch_store.recent(1000, None, owner)[0])


@pytest.fixture
def there() -> There:
    there = There()
    there.add("alice", jobs=250)  # more than are read at a time
    there.add("bob", jobs=2)
    return there


def test_all_of_one_owner_is_erased_and_nothing_of_another(there: There) -> None:
    assert erase_everything(there.jobs, there.batches, "alice") == Erased(250, 1)
    assert there.left("alice") == (0, 0)
    assert there.left("bob") == (2, 1)
    assert len(there.store) == 3


def test_without_an_owner_all_is_erased(there: There) -> None:
    assert erase_everything(there.jobs, there.batches, None) == Erased(252, 2)
    assert len(there.store) == 0


def test_it_can_be_repeated(there: There) -> None:
    erase_everything(there.jobs, there.batches, "alice")
    assert erase_everything(there.jobs, there.batches, "alice") == Erased(0, 0)


def test_records_that_cannot_be_read_are_erased_too(there: There) -> None:
    there.store.unreadable.add(there.store.listed(1, "bob")[0])
    assert erase_everything(there.jobs, there.batches, "bob") == Erased(2, 1)
    assert there.left("bob") == (0, 0)
