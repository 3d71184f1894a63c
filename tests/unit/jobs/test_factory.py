from base64 import b64encode
from typing import Any

import cv2
import numpy as np
import pytest

from config.settings import JobSettings, LimitSettings
from jobs.errors import PayloadTooLarge
from jobs.factory import CheckedSample, JobFactory, Submission
from jobs.job import NewJob, RunOptions
from models.catalogue import services
from models.errors import ImageTooLarge, InvalidImage
from models.networks.template import encode
from pipelines.dialects import DIALECTS
from pipelines.errors import InvalidSample, UndecodableBase64

PHOTO = cv2.imencode(".png", np.zeros((20, 40, 3), np.uint8))[1].tobytes()
TEXT = b64encode(PHOTO).decode()
DETECTOR = "face-detector-face-fitter"


def accept(
    *asked: str,
    body: dict[str, Any],
    name: str = "v1",
    error_prefix: tuple[str, ...] = (),
    include_image: bool = False,
    **limits: int,
) -> NewJob:
    taker = JobFactory(services(), JobSettings(), LimitSettings(**limits), lambda family: family.value)
    options = RunOptions(60, "number", include_image=include_image)
    return taker.check_and_make_job(Submission(asked, body, DIALECTS[name], options, error_prefix=error_prefix))


def test_image_and_sample_part_ways() -> None:
    job = accept("age-estimator", body={"$image": TEXT, "note": 1, "objects": [{"bbox": [0, 0, 1, 1], "tag": 2}]})
    assert job.images == [PHOTO]
    assert job.sent_samples[0] == {"note": 1, "objects": [{"bbox": [0, 0, 1, 1], "tag": 2}]}
    (item,) = job.chunk.items
    assert item.blob == job.spec.blobs[0]
    assert item.sample.size == (20, 40)


@pytest.mark.parametrize(
    ("name", "image", "kept"),
    [
        ("v1", TEXT, False),
        ("v1", TEXT + "\n", True),
        ("v2", {"blob": TEXT, "format": "IMAGE"}, False),
        ("v2", {"blob": TEXT}, True),
    ],
)
def test_an_image_field_is_kept_to_be_echoed_only_if_its_bytes_do_not_give_it(
    name: str, image: Any, kept: bool
) -> None:
    body = {DIALECTS[name].image_key: image}
    assert accept(DETECTOR, body=body, name=name, include_image=True).sent_samples[0] == (body if kept else {})
    assert accept(DETECTOR, body=body, name=name).sent_samples[0] == {}


def test_a_matcher_echoes_an_image_that_it_does_not_need() -> None:
    face = {"$template": b64encode(encode(np.full(128, 128**-0.5))).decode()}
    body = {"$image": "not read", "objects": [face, face]}
    job = accept("verify-matcher", body=body, include_image=True)
    assert (job.sent_samples[0], job.images) == (body, [])


@pytest.mark.parametrize(("name", "key"), [("v1", "$image"), ("v2", "_image")])
def test_what_cannot_be_an_image_is_refused_also_where_none_is_needed(name: str, key: str) -> None:
    with pytest.raises(InvalidSample) as refused:
        accept("verify-matcher", body={key: {}, "objects": []}, name=name)
    assert refused.value.details[0]["loc"][0] == key


@pytest.mark.parametrize(("name", "key"), [("v1", "$image"), ("v2", "_image")])
def test_an_image_field_of_null_is_echoed_where_no_image_is_needed(name: str, key: str) -> None:
    template = b64encode(encode(np.full(128, 128**-0.5))).decode()
    in_v2 = {"template": {"_face_template_extractor_1000_12": {"blob": template}}}
    body = {key: None, "objects": [{"$template": template} if name == "v1" else in_v2] * 2}
    assert accept("verify-matcher", body=body, name=name, include_image=True).sent_samples[0] == body
    assert key not in accept("verify-matcher", body=body, name=name).sent_samples[0]


def test_points_in_pixels_become_relative_to_the_upright_image() -> None:
    points = [number for index in range(21) for number in (index, 10, 0)]
    fitter = {"keypoints": points, "left_eye": [7, 10], "right_eye": [10, 10]}
    body = {"$image": TEXT, "objects": [{"bbox": [0, 0, 1, 1], "fitter": fitter}]}
    landmarks = accept("age-estimator", body=body).chunk.items[0].sample.objects[0].landmarks
    assert landmarks is not None
    assert landmarks[20] == (0.5, 0.5)


def test_what_a_detector_finds_anew_is_not_read() -> None:
    job = accept(DETECTOR, body={"$image": TEXT, "objects": ["nonsense"]})
    assert "objects" not in job.sent_samples[0]
    assert job.chunk.items[0].sample.objects == []


@pytest.mark.parametrize(
    ("service", "advice"),
    [
        ("age-estimator", "put face-detector-face-fitter first, or use preset face-analysis"),
        ("template-extractor", "put face-detector-face-fitter first, or use preset enrolment"),
        (
            "verify-matcher",
            "to compare the faces of two photos, use POST /verify, or preset verify; "
            "for a photo of exactly two faces, put face-detector-template-extractor first",
        ),
    ],
)
@pytest.mark.parametrize("objects", [{}, {"objects": None}])
@pytest.mark.parametrize(("name", "image"), [("v1", {"$image": TEXT}), ("v2", {"_image": {"blob": TEXT}})])
def test_a_sample_without_objects_is_refused_with_the_service_that_finds_them(
    service: str, advice: str, objects: dict[str, Any], name: str, image: dict[str, Any]
) -> None:
    with pytest.raises(InvalidSample) as refused:
        accept(service, body={**image, **objects}, name=name)
    (detail,) = refused.value.details
    assert (detail["loc"], detail["type"]) == (["objects"], "missing")
    assert detail["msg"] == f"Field required: {service} needs `objects`; {advice}"


@pytest.mark.parametrize(("name", "accepted"), [("v1", True), ("v2", False)])
def test_the_placeholder_belongs_to_v1(name: str, accepted: bool) -> None:
    image = DIALECTS[name].write_image(TEXT)
    body = {DIALECTS[name].image_key: image, "objects": [{}]}
    if accepted:
        assert accept("age-estimator", body=body, name=name).spec.plan.added_services == 1
    else:
        with pytest.raises(InvalidSample):
            accept("age-estimator", body=body, name=name)


def test_errors_are_located_from_where_the_sample_lies() -> None:
    with pytest.raises(InvalidSample) as refused:
        accept("age-estimator", body={"$image": TEXT}, error_prefix=("sample",))
    assert refused.value.details[0]["loc"] == ["sample", "objects"]
    with pytest.raises(InvalidSample) as refused:
        accept("shoes", body={"$image": TEXT}, error_prefix=("sample",))
    assert refused.value.details[0]["loc"] == ["services", 0]


def test_images_are_judged_before_they_cost_a_place_in_a_queue() -> None:
    for body, limits, error in [
        ({"$image": "%%%"}, {}, UndecodableBase64),
        ({"$image": "QUJD"}, {}, InvalidImage),
        ({"$image": TEXT}, {"image_bytes": len(PHOTO) - 1}, PayloadTooLarge),
        ({"$image": TEXT}, {"pixels": 799}, ImageTooLarge),
    ]:
        with pytest.raises(error):
            accept(DETECTOR, body=body, **limits)
    accept(DETECTOR, body={"$image": TEXT}, image_bytes=len(PHOTO), pixels=800)


def test_ids_cannot_be_guessed() -> None:
    ids = {accept(DETECTOR, body={"$image": TEXT}).spec.id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) == 36 for one in ids)


def intake() -> JobFactory:
    return JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value)


def checked(asked: str, body: dict[str, Any]) -> CheckedSample:
    return intake().check(Submission([asked], body, DIALECTS["v1"], RunOptions(60, "number")))


def test_samples_with_one_plan_share_a_job() -> None:
    matched = [checked(DETECTOR, {"$image": TEXT, "note": index}) for index in range(3)]
    job = intake().make_job(matched, DIALECTS["v1"], RunOptions(60, "number"))
    assert [item.blob for item in job.chunk.items] == job.spec.blobs
    assert [given["note"] for given in job.sent_samples] == [0, 1, 2]
    assert job.images == [PHOTO] * 3


def test_an_image_by_reference_is_neither_read_nor_stored() -> None:
    taker = intake()
    by_reference = Submission([DETECTOR], {}, DIALECTS["v2"], RunOptions(60, "number"), reference="file:///nowhere.jpg")
    brought = Submission([DETECTOR], {}, DIALECTS["v2"], RunOptions(60, "number"), PHOTO)
    both = [taker.check(by_reference), taker.check(brought)]
    job = taker.make_job(both, DIALECTS["v2"], RunOptions(60, "number"))
    assert [item.image for item in job.chunk.items] == ["file:///nowhere.jpg", job.spec.blobs[0]]
    assert job.images == [PHOTO]


def test_samples_with_different_plans_do_not() -> None:
    found = checked("age-estimator", {"$image": TEXT, "objects": [{}]})
    brought = checked("age-estimator", {"$image": TEXT, "objects": [{"bbox": [0, 0, 1, 1]}]})
    with pytest.raises(ValueError, match="different plans"):
        intake().make_job([found, brought], DIALECTS["v1"], RunOptions(60, "number"))


def test_more_objects_than_a_worker_bears_are_refused() -> None:
    body = {"$image": TEXT, "objects": [{"bbox": [0, 0, 1, 1]}] * 3}
    assert len(accept("age-estimator", body=body, objects=3).chunk.items[0].sample.objects) == 3
    with pytest.raises(InvalidSample) as refusal:
        accept("age-estimator", body=body, objects=2)
    assert refusal.value.details[0]["loc"] == ["objects"]


def test_a_template_is_read_by_those_who_need_it() -> None:
    face = {"bbox": [0, 0, 1, 1], "$template": "of another vendor"}
    job = accept("age-estimator", body={"$image": TEXT, "objects": [face]})
    assert job.sent_samples[0]["objects"] == [face]
    with pytest.raises(UndecodableBase64):
        accept("verify-matcher", body={"objects": [face, face]})
