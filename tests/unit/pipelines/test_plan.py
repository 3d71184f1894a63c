"""Plans, on the services that there are."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import services
from models.family import ModelFamily
from models.field import Field
from models.service import DetectingService
from pipelines.dialects import DIALECTS
from pipelines.errors import InvalidSample
from pipelines.plan import DETECTOR, Plan, check_services, plan
from pipelines.sample import Sample, SampleObject

V2 = DIALECTS["v2"]
FACE = SampleObject(bbox=(0, 0, 1, 1))
ATTRIBUTES = ["age-estimator", "gender-estimator", "emotion-estimator"]


def planned(*asked: str, sample: Sample | None = None, has_image: bool = True, find_faces: bool = False) -> Plan:
    return plan(asked, sample or Sample(), V2, has_image=has_image, find_faces=find_faces)


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
    assert (made.services, made.rebuilt, made.fields) == (("age-estimator",), False, (Field.AGE,))


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


def test_found_faces_are_hidden_where_nobody_asked_for_them() -> None:
    made = planned("age-estimator", find_faces=True)
    assert (made.services, made.hidden, made.rebuilt) == ((DETECTOR, "age-estimator"), 1, True)
    assert made.fields == (Field.AGE,)


@pytest.mark.parametrize(("asked", "loc"), [([], ["services"]), ([DETECTOR, "shoes"], ["services", 1])])
def test_there_must_be_such_services(asked: list[str], loc: list[str | int]) -> None:
    with pytest.raises(InvalidSample) as refused:
        check_services(asked)
    assert refused.value.details[0]["loc"] == loc


def test_neighbours_of_one_family_share_a_stage() -> None:
    stages = planned(DETECTOR, *ATTRIBUTES).stages(lambda family: family.value)
    assert [(stage.family, stage.first, stage.services) for stage in stages] == [
        (ModelFamily.FACE_DETECTION, 0, (DETECTOR,)),
        (ModelFamily.FACE_ATTRIBUTES, 1, tuple(ATTRIBUTES)),
    ]


def test_families_at_one_place_share_a_stage() -> None:
    (stage,) = planned(DETECTOR, *ATTRIBUTES).stages(lambda _: "here")
    assert stage.services == (DETECTOR, *ATTRIBUTES)


@given(st.lists(st.sampled_from(sorted(services())), min_size=1, max_size=6))
def test_a_plan_is_closed_and_its_stages_hold_each_service_once_in_order(names: list[str]) -> None:
    """Whatever is planned finds what it needs; whatever does not is refused."""
    try:
        made = planned(*names, sample=Sample(objects=[SampleObject()]))
    except InvalidSample:
        assert not issubclass(services()[names[0]], DetectingService)
        return
    carried: set[Field] = {Field.IMAGE}
    for name in made.services:
        assert services()[name].needs <= carried
        carried |= services()[name].gives
    stages = made.stages(lambda family: family.value)
    assert [name for stage in stages for name in stage.services] == list(made.services)
    assert [stage.index for stage in stages] == list(range(len(stages)))
    assert all(made.services[stage.first] == stage.services[0] for stage in stages)
