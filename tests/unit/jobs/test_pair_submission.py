import cv2
import numpy as np
import pytest

from config.settings import JobSettings, LimitSettings
from jobs.errors import PayloadTooLarge
from jobs.factory import JobFactory
from jobs.job import NewJob, RunOptions
from jobs.pair_submission import PairSide, PairSubmission
from models.catalogue import services
from models.errors import ImageTooLarge, InvalidImage
from models.networks.template import DIMENSION, encode
from models.output import TEMPLATE
from pipelines.errors import InvalidSample
from pipelines.pair import PairRules

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
PHOTO_SIDE = PairSide(image=PHOTO)
TEMPLATE_SIDE = PairSide(template=encode(np.ones(DIMENSION, np.float32) / DIMENSION**0.5))


def accept(first: PairSide, second: PairSide, limits: LimitSettings | None = None, **rules: object) -> NewJob:
    factory = JobFactory(services(), JobSettings(), limits or LimitSettings(), lambda family: family.value)
    submission = PairSubmission.of([first, second], PairRules(**rules), RunOptions(60, "number"))  # type: ignore[arg-type]
    return factory.check_and_make_job(submission)


def test_two_photos_are_two_items_with_their_images() -> None:
    job = accept(PHOTO_SIDE, PHOTO_SIDE)
    assert job.spec.plan.services == ("face-detector-face-fitter", "template-extractor", "verify-matcher")
    assert [item.blob for item in job.chunk.items] == job.spec.blobs
    assert job.images == [PHOTO, PHOTO]
    assert job.spec.max_faces == 1


def test_a_template_is_an_item_without_an_image() -> None:
    job = accept(PHOTO_SIDE, TEMPLATE_SIDE)
    assert [item.blob for item in job.chunk.items] == [job.spec.blobs[0], None]
    assert TEMPLATE.of(job.chunk.items[1].sample.objects[0]) == TEMPLATE_SIDE.template
    assert len(job.spec.plan.services) == 3


def test_two_templates_need_the_matcher_only() -> None:
    assert accept(TEMPLATE_SIDE, TEMPLATE_SIDE).spec.plan.services == ("verify-matcher",)


def test_rules_add_services_and_a_single_face_is_told_from_several_by_the_second() -> None:
    spec = accept(PHOTO_SIDE, PHOTO_SIDE, faces="single", min_quality=30, require_live=True).spec
    assert spec.plan.services[1:-2] == ("quality-assessment-estimator", "liveness-estimator")
    assert spec.max_faces == 2


@pytest.mark.parametrize("rules", [{"min_quality": 0}, {"require_live": True}])
def test_a_template_cannot_be_asked_for_quality_or_liveness(rules: dict[str, object]) -> None:
    with pytest.raises(InvalidSample, match="template b has no photo"):
        accept(PHOTO_SIDE, TEMPLATE_SIDE, **rules)


@pytest.mark.parametrize(
    ("image", "limits", "error"),
    [
        (b"no image", {}, InvalidImage),
        (PHOTO, {"image_bytes": 10}, PayloadTooLarge),
        (PHOTO, {"pixels": 10}, ImageTooLarge),
    ],
)
def test_an_error_says_which_photo_is_wrong(image: bytes, limits: dict[str, int], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^photo b: "):
        accept(TEMPLATE_SIDE, PairSide(image=image), LimitSettings(**limits))
