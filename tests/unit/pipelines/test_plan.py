"""Plans, on the services that there are."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import services
from models.family import ModelFamily
from models.output import IMAGE, Field
from models.service import DetectingService
from pipelines.dialects import DIALECTS
from pipelines.errors import InvalidSample
from pipelines.plan import Plan, check_services, plan, stages
from pipelines.presets import PRESETS
from pipelines.sample import Sample, SampleObject

V2 = DIALECTS["v2"]
CATALOGUE = services()
DETECTOR = "face-detector-face-fitter"
FACE = SampleObject(bbox=(0, 0, 1, 1))
ATTRIBUTES = ["age-estimator", "gender-estimator", "emotion-estimator"]


def planned(*asked: str, sample: Sample | None = None, has_image: bool = True, find_faces: bool = False) -> Plan:
    return plan(asked, CATALOGUE, sample or Sample(), V2, has_image=has_image, find_faces=find_faces)


def refusal(*asked: str, sample: Sample | None = None, has_image: bool = True) -> list[list[str | int]]:
    with pytest.raises(InvalidSample) as refused:
        planned(*asked, sample=sample or Sample(objects=[SampleObject()]), has_image=has_image)
    assert asked[0] in refused.value.details[0]["msg"] or asked[-1] in refused.value.details[0]["msg"]
    return [detail["loc"] for detail in refused.value.details]


@pytest.mark.parametrize("order", list(permutations(ATTRIBUTES)))
def test_any_order_that_the_needs_allow_is_planned(order: tuple[str, ...]) -> None:
    assert planned(DETECTOR, *order).services == (DETECTOR, *order)


def test_objects_that_carry_what_is_needed_make_a_detector_unnecessary() -> None:
    made = planned("age-estimator", sample=Sample(objects=[FACE]))
    assert (made.services, made.replaces_objects, made.fields) == (("age-estimator",), False, ("age",))


def test_no_object_lacks_nothing() -> None:
    assert planned("age-estimator", sample=Sample(objects=[])).services == ("age-estimator",)


def test_each_object_that_lacks_something_is_named() -> None:
    sample = Sample(objects=[FACE, SampleObject(), FACE, SampleObject()])
    assert refusal("age-estimator", sample=sample) == [["objects", 1, "bbox"], ["objects", 3, "bbox"]]


def test_a_missing_image_is_named_as_the_dialect_does() -> None:
    assert refusal(DETECTOR, has_image=False) == [["_image"]]
    assert refusal("age-estimator", sample=Sample(objects=[FACE]), has_image=False) == [["_image"]]


def test_a_body_is_no_face() -> None:
    body = FACE.model_copy(update={"object_class": "body"})
    assert refusal("age-estimator", sample=Sample(objects=[body])) == [["objects", 0, "class"]]


def test_found_faces_are_hidden_where_the_caller_did_not_ask_for_them() -> None:
    made = planned("age-estimator", find_faces=True)
    assert (made.services, made.added_services, made.replaces_objects) == ((DETECTOR, "age-estimator"), 1, True)
    assert made.fields == ("age",)


@pytest.mark.parametrize(("asked", "loc"), [([], ["services"]), ([DETECTOR, "shoes"], ["services", 1])])
def test_there_must_be_such_services(asked: list[str], loc: list[str | int]) -> None:
    with pytest.raises(InvalidSample) as refused:
        check_services(asked, CATALOGUE)
    assert refused.value.details[0]["loc"] == loc


def test_neighbours_of_one_family_share_a_stage() -> None:
    made = stages([DETECTOR, *ATTRIBUTES], CATALOGUE, lambda family: family.value)
    assert [(stage.family, stage.first, stage.services) for stage in made] == [
        (ModelFamily.FACE_DETECTION, 0, (DETECTOR,)),
        (ModelFamily.FACE_ATTRIBUTES, 1, tuple(ATTRIBUTES)),
    ]


def test_families_at_one_place_share_a_stage() -> None:
    (stage,) = stages([DETECTOR, *ATTRIBUTES], CATALOGUE, lambda _: "here")
    assert stage.services == (DETECTOR, *ATTRIBUTES)


def closed(names: list[str]) -> bool:
    """Whether each service finds what it needs on objects that come with nothing."""
    carried: set[Field] = {IMAGE}
    found = "face"
    for name in names:
        service = CATALOGUE[name]
        if issubclass(service, DetectingService):
            carried, found = {IMAGE}, service.object_class
        if found != service.object_class or not service.needs <= carried:
            return False
        carried |= service.gives
    return True


@given(st.lists(st.sampled_from(sorted(CATALOGUE)), min_size=1, max_size=6))
def test_a_plan_is_closed_and_its_stages_hold_each_service_once_in_order(names: list[str]) -> None:
    try:
        made = planned(*names, sample=Sample(objects=[SampleObject()]))
    except InvalidSample:
        assert not closed(names)
        return
    assert closed(names)
    assert made.services == tuple(names)
    cut = stages(made.services, CATALOGUE, lambda family: family.value)
    assert [name for stage in cut for name in stage.services] == list(made.services)
    assert [stage.index for stage in cut] == list(range(len(cut)))
    assert all(made.services[stage.first] == stage.services[0] for stage in cut)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_pipeline_that_needs_nothing_but_an_image(preset: str) -> None:
    assert planned(*PRESETS[preset]).services == PRESETS[preset]


def test_finding_objects_anew_drops_what_was_known_of_the_old_ones() -> None:
    made = planned(DETECTOR, "age-estimator", DETECTOR, "gender-estimator")
    assert "gender" in made.fields
    assert "age" not in made.fields


def test_fields_of_replaced_objects_are_possible_where_a_detector_may_fail() -> None:
    made = planned(DETECTOR, "age-estimator", "body-detector")
    assert made.possible_fields(partial=False) == made.fields == ("bbox", "confidence")
    assert made.possible_fields(partial=True) == ("age", "bbox", "confidence", "landmarks", "pose")
    given = planned("age-estimator", DETECTOR, sample=Sample(objects=[FACE]))
    assert given.possible_fields(partial=True) == ("age", *given.fields)


@pytest.mark.parametrize("asked", [(DETECTOR,), (DETECTOR, *ATTRIBUTES), *PRESETS.values()])
def test_without_a_second_detector_the_possible_fields_are_those_of_the_answer(asked: tuple[str, ...]) -> None:
    made = planned(*asked)
    assert made.possible_fields(partial=True) == made.possible_fields(partial=False) == made.fields


@given(st.lists(st.sampled_from([DETECTOR, "body-detector", *ATTRIBUTES]), min_size=1, max_size=6), st.data())
def test_what_stays_after_failures_is_among_the_possible_fields(names: list[str], data: st.DataObject) -> None:
    made = Plan(steps=tuple(step for name in names for step in planned(*_found(name)).steps[-1:]))
    failed = data.draw(st.sets(st.sampled_from(names)))
    assert set(made.without(failed).fields) <= set(made.possible_fields(partial=True))


def _found(name: str) -> tuple[str, ...]:
    return (DETECTOR, name) if name in ATTRIBUTES else (name,)
