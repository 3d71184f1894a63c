from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidImage, ModelError
from models.imaging.decode import Image
from models.output import BBOX, CONFIDENCE, IMAGE, TEMPLATE
from models.service import Face, Found
from models.services.age_estimator import AgeEstimator
from pipelines.chunk import Item
from pipelines.load import load_groups, load_items
from pipelines.run import run_service
from pipelines.sample import Sample, SampleObject
from tests.fakes.services import FakeAge, FakeDetector


def image_of(width: int) -> Image:
    return np.zeros((20, width, 3), np.uint8)


IMAGES = {"narrow": image_of(10), "wide": image_of(40), "empty": image_of(5)}


def item(blob: str | None, *lefts: float) -> Item:
    objects = [SampleObject(id=n, bbox=(left, 0, left + 0.1, 0.5)) for n, left in enumerate(lefts)]
    return Item(sample=Sample(objects=objects), blob=blob)


def test_all_images_of_a_chunk_are_one_batch() -> None:
    detector = FakeDetector()
    loaded = load_items([item("narrow"), item("wide"), item("empty")], IMAGES.__getitem__)
    run_service(detector, loaded, fail_fast=True)
    assert detector.batches == [3]
    assert [len(one.item.sample.objects) for one in loaded] == [1, 4, 0]


def test_all_faces_of_a_chunk_are_one_batch_and_come_back_to_their_samples() -> None:
    age = FakeAge()
    loaded = load_items([item("narrow", 0.5), item("wide", 0.25, 0.75)], IMAGES.__getitem__)
    run_service(age, loaded, fail_fast=True)
    assert age.batches == [3]
    assert [[face.age for face in one.item.sample.objects] for one in loaded] == [[5], [10, 30]]


def test_detection_replaces_the_objects_and_the_next_service_sees_the_new_ones() -> None:
    loaded = load_items([item("wide", 0.5)], IMAGES.__getitem__)
    run_service(FakeDetector(), loaded, fail_fast=True)
    run_service(FakeAge(), loaded, fail_fast=True)
    sample = loaded[0].item.sample
    assert [(face.id, face.age) for face in sample.objects] == [(0, 0), (1, 10), (2, 20), (3, 30)]
    assert sample.size == (20, 40)


def test_found_boxes_are_relative_and_inside_the_image() -> None:
    loaded = load_items([item("wide")], IMAGES.__getitem__)
    run_service(FakeDetector(), loaded, fail_fast=True)
    assert loaded[0].item.sample.objects[1].bbox == (0.25, 0, 0.375, 0.25)


def test_a_failing_sample_takes_no_neighbour_along() -> None:
    items = [item("wide", 0.25), item("wide", 0.5), item("wide", 0.75)]
    run_service(FakeAge(broken_at=20), load_items(items, IMAGES.__getitem__), fail_fast=True)
    assert [one.sample.objects[0].age for one in items] == [10, None, 30]
    assert [one.failed for one in items] == [False, True, False]
    assert [failure.service for failure in items[1].failures] == ["age-estimator"]


def test_a_job_that_continues_keeps_a_sample_on_which_a_service_failed() -> None:
    items = [item("wide", 0.5)]
    loaded = load_items(items, IMAGES.__getitem__)
    run_service(FakeAge(broken_at=20), loaded, fail_fast=False)
    assert not items[0].failed
    assert items[0].failures[0].message == "the engine failed"


class BrokenDetector(FakeDetector):
    """Fails on images that are 40 pixels wide."""

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        if any(image.shape[1] == 40 for image in images):
            raise ModelError("the engine failed")
        return super().detect(images)


def test_services_that_need_the_objects_of_a_failed_one_are_skipped_until_another_finds_some() -> None:
    items = [item("wide"), item("narrow")]
    loaded = load_items(items, IMAGES.__getitem__)
    age = FakeAge()
    run_service(FakeDetector(), loaded, fail_fast=False)
    run_service(age, loaded, fail_fast=False)
    run_service(BrokenDetector(), loaded, fail_fast=False)
    run_service(age, loaded, fail_fast=False)
    assert age.batches == [5, 1]
    assert [[(one.service, one.type) for one in sample.failures] for sample in items] == [
        [("face-detector-face-fitter", "model_error"), ("age-estimator", "skipped")],
        [],
    ]
    assert [face.age for face in items[0].sample.objects] == [0, 10, 20, 30], "what was there stays"
    run_service(FakeDetector(), loaded, fail_fast=False)
    run_service(age, loaded, fail_fast=False)
    assert age.batches == [5, 1, 5]


class NeedsAge(FakeAge):
    """Needs what another service gives."""

    needs = frozenset({IMAGE, BBOX, AgeEstimator.output})


def test_a_service_that_needs_the_output_of_a_failed_one_is_skipped() -> None:
    items = [item("wide", 0.5), item("wide", 0.25)]
    loaded = load_items(items, IMAGES.__getitem__)
    run_service(FakeAge(broken_at=20), loaded, fail_fast=False)
    needy = NeedsAge()
    run_service(needy, loaded, fail_fast=False)
    assert [[one.type for one in sample.failures] for sample in items] == [["model_error", "skipped"], []]
    assert needy.batches == [1]


def test_a_box_smaller_than_a_pixel_fails_its_sample_once_the_image_is_known() -> None:
    tiny = Item(sample=Sample(objects=[SampleObject(bbox=(0.5, 0, 0.51, 0.5))]), reference="file:///a.jpg")
    assert load_items([tiny], lambda _: image_of(40)) == []
    (failure,) = tiny.failures
    assert (failure.type, "smaller than a pixel" in failure.message) == ("invalid_sample", True)


class Crowd(FakeDetector):
    """Finds faces of different sizes, surest first; or bodies."""

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        widths = (4.0, 9.0, 2.0, 9.0, 6.0)
        boxes = [Found(np.array([0, 0, width, 9]), 0.9 - n / 10) for n, width in enumerate(widths)]
        return [list(boxes) for _ in images]


class CrowdOfBodies(Crowd):
    """Finds bodies."""

    object_class = "body"


@pytest.mark.parametrize(
    ("max_faces", "confidences"), [(None, [9, 8, 7, 6, 5]), (1, [8]), (2, [8, 6]), (3, [8, 6, 5]), (9, [9, 8, 7, 6, 5])]
)
def test_the_largest_faces_are_kept_in_their_order_and_only_they_are_judged(
    max_faces: int | None, confidences: list[int]
) -> None:
    (loaded,) = load_items([item("wide")], IMAGES.__getitem__)
    run_service(Crowd(), [loaded], fail_fast=True, max_faces=max_faces)
    found = loaded.item.sample.objects
    assert [round(10 * (face.confidence or 0)) for face in found] == confidences
    assert [face.id for face in found] == list(range(len(found)))
    age = FakeAge()
    run_service(age, [loaded], fail_fast=True, max_faces=max_faces)
    assert age.batches == [len(confidences)]


def test_a_bound_on_faces_is_none_on_bodies() -> None:
    (loaded,) = load_items([item("wide")], IMAGES.__getitem__)
    run_service(CrowdOfBodies(), [loaded], fail_fast=True, max_faces=1)
    assert len(loaded.item.sample.objects) == 5


class AtTheBorder(FakeDetector):
    """Finds an object of which less than a pixel is in the image."""

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        return [[Found(np.array([-9.0, 0, 0.5, 9]), 0.9), Found(np.array([1.0, 0, 5, 9]), 0.8)] for _ in images]


def test_an_object_outside_the_image_is_not_in_the_answer() -> None:
    (loaded,) = load_items([item("wide")], IMAGES.__getitem__)
    run_service(AtTheBorder(), [loaded], fail_fast=True)
    (found,) = loaded.item.sample.objects
    assert (found.id, found.confidence) == (0, 0.8)


def test_an_image_that_cannot_be_had_is_the_failure_of_its_sample_alone() -> None:
    def fetch(blob: str) -> Image:
        if blob == "gone":
            raise InvalidImage("the image is gone")
        return IMAGES[blob]

    items = [item("gone", 0.5), item("wide", 0.25)]
    loaded = load_items(items, fetch)
    assert [one.item for one in loaded] == [items[1]]
    assert items[0].failed
    assert items[0].failures[0].type == "invalid_image"


@pytest.mark.parametrize("width", [7, 123, 1999])
def test_a_box_that_went_through_relative_coordinates_gives_the_same_pixels(width: int) -> None:
    given = Item(sample=Sample(objects=[SampleObject(bbox=(3 / width, 0, 4 / width, 0.5))]), blob="any")
    loaded = load_items([given], lambda _: image_of(width))
    assert loaded[0].faces[0].bbox[0] == 3


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 3000))
def test_groups_hold_every_item_once_in_order_and_no_more_pixels_than_fit(widths: list[int], limit: int) -> None:
    items = [item(str(width)) for width in widths]
    cut = list(load_groups(items, lambda blob: image_of(int(blob)), limit))
    assert [id(one.item) for loaded in cut for one in loaded] == [id(one) for one in items]
    for loaded in cut:
        assert len(loaded) == 1 or sum(one.pixels[:, :, 0].size for one in loaded) <= limit


def test_a_group_is_loaded_when_it_is_asked_for() -> None:
    opened: list[str] = []

    def fetch(blob: str) -> Image:
        opened.append(blob)
        return IMAGES[blob]

    next(load_groups([item("wide"), item("narrow"), item("empty")], fetch, max_pixels=801))
    assert opened == ["wide", "narrow"]
    opened.clear()
    next(load_groups([item("wide"), item("narrow")], fetch, max_pixels=1))
    assert opened == ["wide"], "a full group does not need the next image"


def test_an_image_by_reference_is_asked_for_by_it() -> None:
    item = Item(sample=Sample(), reference="file:///a.jpg")
    (loaded,) = load_items([item], {"file:///a.jpg": image_of(7)}.__getitem__)
    assert loaded.item.sample.size == (20, 7)


class Buggy(FakeAge):
    """Stumbles over every face."""

    def estimate(self, faces: Sequence[Face]) -> list[float]:
        raise ZeroDivisionError("of no concern to a caller")


def test_a_bug_is_the_failure_of_its_service_alone() -> None:
    loaded = load_items([item("wide", 0.5)], IMAGES.__getitem__)
    run_service(Buggy(), loaded, fail_fast=False)
    run_service(FakeAge(), loaded, fail_fast=False)
    (opened,) = loaded
    (failure,) = opened.item.failures
    assert (failure.service, failure.type, failure.message) == ("age-estimator", "internal", "internal error")
    assert opened.item.sample.objects[0].age == 20


class Forgetful(FakeDetector):
    """Declares an output and finds objects without it."""

    outputs = (CONFIDENCE, BBOX, TEMPLATE)


def test_an_object_without_a_declared_output_is_a_failure() -> None:
    (loaded,) = load_items([item("wide")], IMAGES.__getitem__)
    run_service(Forgetful(), [loaded], fail_fast=True)
    (failure,) = loaded.item.failures
    assert "declares `template`" in failure.message
