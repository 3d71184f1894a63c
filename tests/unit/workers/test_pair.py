"""A worker's stages of a pair, on the store in memory."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from config.settings import JobSettings, LimitSettings
from jobs.answer import write_answer
from jobs.factory import JobFactory
from jobs.job import Job, JobStatus, RunOptions
from jobs.pair_submission import PairSide, PairSubmission
from models.catalogue import services
from models.family import ModelFamily
from models.networks.template import DIMENSION, encode
from models.output import TEMPLATE
from models.runtime.session import SessionSource
from models.service import EstimatingService, Face, Service
from models.services.verify_matcher import VerifyMatcher
from pipelines.pair import PairRules
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FakeDetector
from workers.images import ImageCache
from workers.stage import StageRunner


def template(angle: float = 0) -> bytes:
    """Templates of angles that differ by a quarter have the distance 7500."""
    embedding = np.zeros(DIMENSION, np.float32)
    embedding[0], embedding[1] = np.cos(angle), np.sin(angle)
    return encode(embedding)


def no_sessions(name: str) -> SessionSource:
    raise AssertionError(name)


class FakeExtractor(EstimatingService[bytes]):
    """Gives all faces of an image that is 20 pixels high the same template, and other faces another one."""

    name = "template-extractor"
    family = ModelFamily.RECOGNITION
    output = TEMPLATE

    def __init__(self) -> None:
        self.faces = 0

    def estimate(self, faces: Sequence[Face]) -> list[bytes]:
        self.faces += len(faces)
        return [template(0 if face.image.shape[0] == 20 else np.pi / 2) for face in faces]


def photo(faces: int = 1, height: int = 20) -> PairSide:
    """A photo on which the fake detector finds so many faces."""
    image = np.zeros((height, 10 * faces or 5, 3), np.uint8)
    return PairSide(image=cv2.imencode(".png", image)[1].tobytes())


class World:
    """A store, a worker and one job that compares two sides."""

    def __init__(self, *sides: PairSide, co_located: bool = True, group_pixels: int = 10**6, **rules: object) -> None:
        self.store = MemoryJobStore(JobSettings())
        self.detector, self.extractor = FakeDetector(), FakeExtractor()
        fakes: list[Service] = [self.detector, self.extractor, VerifyMatcher(no_sessions)]  # type: ignore[arg-type]
        by_name = {service.name: service for service in fakes}
        images = ImageCache(self.store.image)
        self.runner = StageRunner(
            self.store, images, by_name.__getitem__, "worker-1", deadline_s=60, group_pixels=group_pixels
        )
        place = (lambda _: "all") if co_located else (lambda family: family.value)
        factory = JobFactory(services(), JobSettings(), LimitSettings(), place)
        submission = PairSubmission.of(sides, PairRules(**rules), RunOptions(60, "number"))  # type: ignore[arg-type]
        job = factory.check_and_make_job(submission)
        self.spec = job.spec
        self.store.create(job)

    def run(self) -> Job:
        for stage in self.spec.stages:
            if not self.runner.run(self.spec.id, stage.index, "queue"):
                break
        found = self.store.find(self.spec.id)
        assert found is not None
        return found

    def distance(self) -> int:
        data = self.store.data(self.spec.id)
        assert data is not None
        distance: int = write_answer(self.spec, data, None)["distance"]
        return distance


@pytest.mark.parametrize("co_located", [True, False])
def test_two_photos_are_compared(co_located: bool) -> None:
    world = World(photo(), photo(), co_located=co_located)
    assert (world.run().status, world.distance()) == (JobStatus.SUCCEEDED, 0)
    other = World(photo(), photo(height=30), co_located=co_located)
    assert (other.run().status, other.distance()) == (JobStatus.SUCCEEDED, 7500)
    assert [service.status.value for service in other.run().services] == ["succeeded"] * 3


def test_photos_that_do_not_fit_into_memory_together_are_compared_all_the_same() -> None:
    world = World(photo(), photo(height=30), group_pixels=1)
    assert (world.run().status, world.distance()) == (JobStatus.SUCCEEDED, 7500)
    assert world.detector.batches == [1, 1]


def test_services_of_photos_leave_a_template_alone() -> None:
    world = World(PairSide(template=template()), photo(height=30))
    assert (world.run().status, world.distance()) == (JobStatus.SUCCEEDED, 7500)
    assert (world.detector.batches, world.extractor.faces) == ([1], 1)
    alone = World(PairSide(template=template()), PairSide(template=template()))
    assert (alone.run().status, alone.distance(), alone.detector.batches) == (JobStatus.SUCCEEDED, 0, [])


@pytest.mark.parametrize("co_located", [True, False])
@pytest.mark.parametrize(
    ("sides", "rules", "stable_type", "message"),
    [
        ((photo(0), photo()), {}, "no_face", "photo a: No face detected"),
        ((photo(), photo(0)), {}, "no_face", "photo b: No face detected"),
        ((PairSide(template=template()), photo(0)), {}, "no_face", "photo b: No face detected"),
        ((photo(), photo(3)), {"faces": "single"}, "several_faces", "photo b: More than one face detected"),
    ],
)
def test_a_pair_fails_with_its_first_photo_and_no_later_service_runs(
    co_located: bool, sides: Sequence[PairSide], rules: dict[str, object], stable_type: str, message: str
) -> None:
    world = World(*sides, co_located=co_located, **rules)
    job = world.run()
    assert job.status is JobStatus.FAILED
    assert job.failure is not None
    assert (job.failure.type, job.failure.message) == (stable_type, message)
    assert world.extractor.faces == 0


def test_the_largest_face_is_taken() -> None:
    world = World(photo(3), photo())
    assert world.run().status is JobStatus.SUCCEEDED
    assert world.extractor.faces == 2
