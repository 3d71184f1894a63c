"""The executor of bulk runs on a real store and broker, without workers."""

from pathlib import Path

import cv2
import numpy as np

from broker.queues import FamilyQueues
from bulk.executors.queue import QueueExecutor
from bulk.inputs import Input
from bulk.validation import PhotoValidator, photo_validator
from config.settings import Settings, load_settings
from jobs.factory import CheckedSample
from jobs.job import JobSpec, Priority
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore
from jobs.reference import Reference


def executor(settings: Settings, validator: PhotoValidator) -> QueueExecutor:
    return QueueExecutor(settings, validator, FamilyQueues(co_locate=False), max_in_flight=2, by_reference=False)


def sent(settings: Settings, through: QueueExecutor, photos: list[CheckedSample]) -> JobSpec:
    """The job that is in the store once photos have been sent."""
    job = RedisJobStore(connect(settings.redis_url, patience_s=1), settings.jobs).find(through.send(photos))
    assert job is not None
    return job.spec


def test_the_jobs_of_a_run_belong_together_and_are_sent_where_its_workers_consume(
    server_url: str, tmp_path: Path
) -> None:
    settings = load_settings().model_copy(update={"redis_url": server_url})
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((20, 40, 3), np.uint8))
    validator = photo_validator(settings, ("face-detector-face-fitter", "age-estimator"), "fail")
    checked = validator.check([Input("photo", Reference(str(tmp_path / "photo.png")))], by_reference=False)
    photos = [one for one in checked if isinstance(one, CheckedSample)]
    assert len(photos) == 1
    one, other = executor(settings, validator), executor(settings, validator)
    first, second, third = sent(settings, one, photos), sent(settings, one, photos), sent(settings, other, photos)
    assert first.group == second.group != third.group
    assert first.priority == Priority.BULK
    assert [stage.services for stage in first.stages] == [("face-detector-face-fitter",), ("age-estimator",)]
    for through, spec in ((one, first), (one, second), (other, third)):
        assert through.outcome(spec.id) is None
        through.erase(spec.id)
        outcome = through.outcome(spec.id)
        assert outcome is not None
        assert outcome.items is None
