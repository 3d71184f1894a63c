"""A worker's stage, on the store in memory and services without models."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep, time

import cv2
import numpy as np
import pytest

from config.errors import FacelineError
from config.settings import JobSettings
from jobs.answer import write_answer
from jobs.job import Job, JobStatus, OnError
from jobs.progress import ServiceStatus
from jobs.store import ClaimOutcome
from models.errors import ModelError, WeightsMissing
from models.family import ModelFamily
from models.imaging.decode import Image
from models.service import Face, Found, Service
from pipelines.chunk import Chunk
from pipelines.load import GROUP_PIXELS
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.jobs import new_job
from tests.fakes.services import FakeAge, FakeDetector
from workers.images import ImageCache
from workers.in_hand import StageHeld
from workers.stage import REPORT_EVERY_S, StageRunner

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
WIDE = cv2.imencode(".png", np.zeros((20, 60, 3), np.uint8))[1].tobytes()


class World:
    """A store, a worker and one job of two stages, on one photo or several."""

    def __init__(
        self,
        *photos: bytes,
        age: FakeAge | None = None,
        on_error: OnError = "fail",
        place: Callable[[ModelFamily], str] = lambda family: family.value,
        deadline_s: int = 100,
    ) -> None:
        self.store = MemoryJobStore(JobSettings(attempts=2))
        self.fakes = (FakeDetector(), age or FakeAge())
        self.services: dict[str, Service | FacelineError] = {fake.name: fake for fake in self.fakes}
        self.images = ImageCache(self.store.image)
        self.runner = StageRunner(self.store, self.images, self._service, "worker-1", deadline_s=60)
        job = new_job(
            tuple(self.services), images=photos or (PHOTO,), on_error=on_error, place=place, deadline_s=deadline_s
        )
        self.spec = job.spec
        self.store.create(job)

    def _service(self, name: str) -> Service:
        service = self.services[name]
        if isinstance(service, FacelineError):
            raise service
        return service

    def run(self, stage: int) -> bool:
        return self.runner.run(self.spec.id, stage, queue="face-detection")

    def result(self) -> Chunk:
        data = self.store.data(self.spec.id)
        assert data is not None
        assert data.result is not None
        return data.result

    @property
    def job(self) -> Job:
        found = self.store.find(self.spec.id)
        assert found is not None
        return found


def test_two_stages_make_a_result() -> None:
    world = World()
    assert world.run(0) is True
    assert world.job.status is JobStatus.RUNNING
    assert world.run(1) is False
    assert [face.age for face in world.result().items[0].sample.objects] == [0, 10, 20, 30]
    assert world.job.status is JobStatus.SUCCEEDED


def test_services_say_where_and_how_long_they_ran() -> None:
    world = World()
    world.run(0)
    ran, waiting = world.job.services
    assert (ran.status, ran.worker, ran.queue) == (ServiceStatus.SUCCEEDED, "worker-1", "face-detection")
    assert ran.ms is not None
    assert waiting.status is ServiceStatus.QUEUED


def test_the_image_is_erased_when_the_job_is_over() -> None:
    world = World()
    world.run(0)
    assert world.store.image(world.spec.blobs[0]) is not None
    world.run(1)
    assert world.store.image(world.spec.blobs[0]) is None


def test_a_message_that_comes_twice_runs_once_and_its_chain_continues() -> None:
    world = World()
    world.run(0)
    assert world.run(0) is True
    detector = world.services["face-detector-face-fitter"]
    assert isinstance(detector, FakeDetector)
    assert detector.batches == [1]


def test_a_message_of_a_job_that_is_over_ends_there() -> None:
    world = World()
    world.run(0)
    world.run(1)
    assert world.run(1) is False
    assert world.job.status is JobStatus.SUCCEEDED


def test_a_worker_measures_its_messages_by_their_queue() -> None:
    world = World()
    world.run(0)
    (seconds,) = world.runner.meter.seconds().values()
    assert 0 < seconds < 60


def test_a_canceled_job_ends_at_its_next_stage() -> None:
    world = World()
    world.run(0)
    world.store.cancel(world.spec.id, time())
    assert world.job.status is JobStatus.RUNNING
    assert world.run(1) is False
    assert world.job.status is JobStatus.CANCELED
    assert world.store.image(world.spec.blobs[0]) is None


def test_an_erased_job_leaves_nothing_and_its_messages_do_nothing() -> None:
    world = World()
    world.run(0)
    world.store.erase(world.spec, tombstone=True)
    assert world.run(1) is False
    assert world.store.data(world.spec.id) is None
    assert world.job.status is JobStatus.ERASED


def test_a_broken_image_fails_the_job_with_its_reason() -> None:
    world = World(PHOTO[:60])
    assert world.run(0) is False
    assert world.job.status is JobStatus.FAILED
    assert world.job.failure is not None
    assert world.job.failure.type == "invalid_image"


def test_a_failing_service_fails_the_job_and_is_named() -> None:
    world = World(age=FakeAge(broken_at=20))
    world.run(0)
    world.run(1)
    assert world.job.failure is not None
    assert world.job.failure.service == "age-estimator"
    assert [service.status for service in world.job.services] == [ServiceStatus.SUCCEEDED, ServiceStatus.FAILED]
    assert world.job.services[1].error == "the engine failed"


def test_a_job_that_continues_after_an_error_reports_the_missing_field() -> None:
    world = World(age=FakeAge(broken_at=20), on_error="continue")
    world.run(0)
    world.run(1)
    data = world.store.data(world.spec.id)
    assert world.job.status is JobStatus.SUCCEEDED
    assert data is not None
    assert data.result is not None
    (item,) = data.result.items
    assert [face.age for face in item.sample.objects] == [None] * 4
    assert [failure.service for failure in item.failures] == ["age-estimator"]


class BrokenDetector(FakeDetector):
    """Fails on images that are 60 pixels wide."""

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        if any(image.shape[1] == 60 for image in images):
            raise ModelError("the engine failed")
        return super().detect(images)


def test_a_job_that_continues_without_its_faces_succeeds_and_says_what_was_skipped() -> None:
    world = World(WIDE, on_error="continue")
    world.services["face-detector-face-fitter"] = BrokenDetector()
    world.run(0)
    world.run(1)
    assert world.job.status is JobStatus.SUCCEEDED
    assert [service.status for service in world.job.services] == [ServiceStatus.FAILED, ServiceStatus.SKIPPED]
    (item,) = world.result().items
    assert [(one.service, one.type) for one in item.failures] == [
        ("face-detector-face-fitter", "model_error"),
        ("age-estimator", "skipped"),
    ]
    data = world.store.data(world.spec.id)
    assert data is not None
    answer = write_answer(world.spec, data, None)
    assert "objects" not in answer, "an empty list would say that there are no faces"
    assert [error["type"] for error in answer["errors"]] == ["model_error", "skipped"]


def test_a_service_that_is_skipped_on_some_samples_has_run() -> None:
    world = World(WIDE, PHOTO, on_error="continue")
    world.services["face-detector-face-fitter"] = BrokenDetector()
    world.run(0)
    world.run(1)
    assert [service.status for service in world.job.services] == [ServiceStatus.FAILED, ServiceStatus.SUCCEEDED]
    assert [len(item.failures) for item in world.result().items] == [2, 0]


def test_a_missing_model_fails_the_job_with_the_remedy() -> None:
    world = World()
    world.services["age-estimator"] = WeightsMissing("run `faceline weights pull`")
    world.run(0)
    world.run(1)
    assert world.job.failure is not None
    assert world.job.failure.type == "weights_missing"
    assert "faceline weights pull" in world.job.failure.message


def test_a_bug_fails_the_job_without_telling_the_caller_more_than_that(caplog: pytest.LogCaptureFixture) -> None:
    class Buggy(FakeAge):
        def estimate(self, faces: object) -> list[float]:
            raise ZeroDivisionError("secret detail")

    world = World(age=Buggy())
    world.run(0)
    world.run(1)
    assert world.job.failure is not None
    assert (world.job.failure.type, world.job.failure.message) == ("internal", "internal error")
    assert "ZeroDivisionError" in caplog.text


def test_a_stage_that_kills_its_workers_at_once_is_given_up_with_a_dead_letter() -> None:
    world = World()
    for worker in ("dead-0", "dead-1"):
        world.store.claim_stage(world.spec.id, 0, worker, time(), alone=True)
    assert world.run(0) is False
    assert world.job.failure is not None
    assert world.job.failure.type == "poisoned"
    assert world.store.dead_letters == [(world.spec.id, 0, ())]


def die_in(world: "World", *items: int) -> None:
    """A worker dies while other stages run, then one for each of some items while it tries that item alone."""
    world.store.claim_stage(world.spec.id, 0, "dead", time())
    for deaths, item in enumerate(items):
        claim = world.store.claim_stage(world.spec.id, 0, f"dead-{deaths}", time(), alone=True)
        assert world.store.try_item(world.spec, item, claim.id)


def test_a_stage_whose_worker_died_tries_its_items_one_by_one() -> None:
    world = World(PHOTO, WIDE, PHOTO)
    die_in(world)
    assert world.run(0) is True
    assert world.run(1) is False
    assert [batch for service in world.fakes for batch in service.batches] == [1, 1, 1, 4 + 6 + 4]
    assert world.job.status is JobStatus.SUCCEEDED
    assert world.store.dead_letters == []


def test_an_item_that_killed_its_workers_fails_alone() -> None:
    world = World(PHOTO, WIDE, PHOTO)
    die_in(world, 1)
    assert world.run(0) is True
    assert world.run(1) is False
    assert world.job.status is JobStatus.SUCCEEDED
    assert [[failure.type for failure in item.failures] for item in world.result().items] == [[], ["poisoned"], []]
    assert [len(item.sample.objects) for item in world.result().items] == [4, 0, 4]
    assert world.store.dead_letters == [(world.spec.id, 0, (1,))]


def test_a_job_whose_only_item_killed_its_workers_is_poisoned() -> None:
    world = World()
    die_in(world, 0)
    assert world.run(0) is False
    assert world.job.failure is not None
    assert world.job.failure.type == "poisoned"
    assert world.store.dead_letters == [(world.spec.id, 0, (0,))]


def test_a_stage_runs_alone_after_a_death_and_is_counted_only_then() -> None:
    world = World()
    die_in(world)
    with ThreadPoolExecutor(1) as pool:
        with world.runner.turns.together():
            run = pool.submit(world.run, 0)
            while not world.runner.turns._waiting:
                assert not run.done()
            claim = world.store.claim_stage(world.spec.id, 0, "w", time())
            assert claim.outcome is ClaimOutcome.ALONE, "the stage that waits has not begun"
        assert run.result(30) is True


def test_the_message_of_a_stage_that_a_live_worker_runs_has_to_come_again() -> None:
    world = World()
    world.store.live_workers.add("another")
    world.store.claim_stage(world.spec.id, 0, "another", time())
    with pytest.raises(StageHeld):
        world.run(0)
    world.store.live_workers.clear()
    assert world.run(0) is True


def test_a_message_that_comes_twice_at_the_same_time_runs_once() -> None:
    world = World(place=lambda _: "here")

    class Again(FakeDetector):
        def detect(self, images: Sequence[Image]) -> list[list[Found]]:
            with pytest.raises(StageHeld):
                world.run(0)
            return super().detect(images)

    world.services["face-detector-face-fitter"] = Again()
    assert world.run(0) is False
    assert world.job.status is JobStatus.SUCCEEDED
    assert world.fakes[1].batches == [4]


@pytest.mark.parametrize("place", ["here", None])
def test_a_worker_that_was_taken_for_dead_drops_its_result_and_sends_no_next_message(place: str | None) -> None:
    world = World(place=lambda family: place or family.value)
    taken_over = []

    class Frozen(FakeDetector):
        def detect(self, images: Sequence[Image]) -> list[list[Found]]:
            taken_over.append(world.store.claim_stage(world.spec.id, 0, "another", time(), alone=True))
            return super().detect(images)

    world.services["face-detector-face-fitter"] = Frozen()
    assert world.run(0) is False
    assert world.job.status is JobStatus.RUNNING
    assert world.store.report_progress(world.spec, {}, taken_over[0].id)
    assert world.job.done == 0


def test_a_stage_of_a_job_past_its_deadline_is_not_computed() -> None:
    world = World(deadline_s=-10)
    assert world.run(0) is False
    assert world.job.failure is not None
    assert world.job.failure.type == "timed_out"
    assert world.fakes[0].batches == []


def test_a_stage_past_its_deadline_begins_no_further_service() -> None:
    world = World()
    late = StageRunner(world.store, world.images, world._service, "worker-1", deadline_s=-1)
    assert late.run(world.spec.id, 0, "face-detection") is False
    assert world.job.failure is not None
    assert world.job.failure.type == "timed_out"


def test_an_unknown_job_ends_there() -> None:
    assert World().runner.run("other", 0, "face-detection") is False


@pytest.mark.parametrize(("group_pixels", "batches"), [(GROUP_PIXELS, [3]), (1, [1, 1, 1])])
def test_the_images_of_a_chunk_are_opened_together_or_one_by_one(group_pixels: int, batches: list[int]) -> None:
    world = World(PHOTO, WIDE, PHOTO)
    world.runner = replace(world.runner, group_pixels=group_pixels)
    world.run(0)
    assert world.fakes[0].batches == batches
    world.run(1)
    assert [len(item.sample.objects) for item in world.result().items] == [4, 6, 4]


def test_decoded_images_are_kept_for_the_stages_to_come_and_no_longer() -> None:
    world = World(PHOTO, WIDE, PHOTO)
    world.runner = replace(world.runner, group_pixels=1)
    held: list[int] = []

    class Watching(FakeAge):
        def estimate(self, faces: Sequence[Face]) -> list[float]:
            held.append(sum(blob in world.images for blob in world.spec.blobs))
            return super().estimate(faces)

    world.services["age-estimator"] = Watching()
    world.run(0)
    world.run(1)
    assert held == [3, 2, 1]
    assert not any(blob in world.images for blob in world.spec.blobs)


def test_samples_of_one_job_share_their_batches_and_keep_their_order() -> None:
    world = World(PHOTO, WIDE, PHOTO)
    world.run(0)
    world.run(1)
    assert [batch for service in world.fakes for batch in service.batches] == [3, 4 + 6 + 4]
    assert [[face.age for face in item.sample.objects] for item in world.result().items] == [
        [0, 10, 20, 30],
        [0, 10, 20, 30, 40, 50],
        [0, 10, 20, 30],
    ]


def test_a_failing_sample_takes_no_neighbour_along() -> None:
    world = World(PHOTO, b"no image", WIDE, PHOTO, age=FakeAge(broken_at=50))
    world.run(0)
    world.run(1)
    assert world.job.status is JobStatus.SUCCEEDED
    kinds = [[failure.type for failure in item.failures] for item in world.result().items]
    assert kinds == [[], ["invalid_image"], ["model_error"], []]
    assert [face.age for face in world.result().items[3].sample.objects] == [0, 10, 20, 30]


def test_where_all_samples_fail_each_says_why() -> None:
    world = World(b"no image", PHOTO[:50])
    world.run(0)
    assert world.job.status is JobStatus.FAILED
    assert ["cut off" in item.failures[0].message for item in world.result().items] == [False, True]


def test_a_service_that_no_sample_reaches_has_not_run() -> None:
    world = World(b"no image")
    world.run(0)
    assert [service.status for service in world.job.services] == [ServiceStatus.SKIPPED, ServiceStatus.SKIPPED]


class Slow(FakeDetector):
    """Cancels the job while it runs, and takes its time."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        self.world.store.cancel(self.world.spec.id, time())
        sleep(REPORT_EVERY_S)
        return super().detect(images)


def test_a_canceled_job_ends_between_the_services_of_a_stage() -> None:
    world = World(place=lambda _: "here")
    world.services["face-detector-face-fitter"] = Slow(world)
    assert world.run(0) is False
    assert world.job.status is JobStatus.CANCELED
    assert [service.status for service in world.job.services] == [ServiceStatus.SUCCEEDED, ServiceStatus.SKIPPED]
    assert world.fakes[1].batches == []
