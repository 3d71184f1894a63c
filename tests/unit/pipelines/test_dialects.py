import re
from typing import Any

import pytest
from hypothesis import given

from models.catalogue import object_outputs
from models.output import BBOX, CORE_FIELDS, LANDMARKS, POSE, TEMPLATE
from models.services.age_estimator import AgeEstimator
from models.services.quality_estimator import QualityAssessmentEstimator
from pipelines.dialects import DIALECTS, Dialect, dialect_of
from pipelines.dialects.codec import WriteContext
from pipelines.errors import InvalidSample
from pipelines.sample import Sample, SampleObject
from tests.strategies import samples

BOX = [0.1, 0.2, 0.3, 0.4]
EVERY = [field.name for field in (*CORE_FIELDS, *object_outputs())]

dialects = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)


def written(dialect: Dialect, sample: Sample) -> dict[str, Any]:
    context = WriteContext(sample.size or (0, 0), "number")
    return dialect.write(sample, {}, replaces_objects=True, fields=EVERY, context=context)


def assert_close(one: Sample, other: Sample) -> None:
    for left, right in zip(one.objects, other.objects, strict=True):
        assert left.model_copy(update={"landmarks": None}) == right.model_copy(update={"landmarks": None})
        assert (left.landmarks is None) == (right.landmarks is None)
        for first, second in zip(left.landmarks or [], right.landmarks or [], strict=True):
            assert first == pytest.approx(second, abs=1e-9)


@dialects
@given(sample=samples())
def test_what_is_written_is_read_as_the_same_sample(dialect: Dialect, sample: Sample) -> None:
    assert_close(dialect.read(written(dialect, sample), sample.size), sample)


@given(sample=samples())
def test_a_sample_survives_the_way_through_both_dialects(sample: Sample) -> None:
    v1, v2 = DIALECTS["v1"], DIALECTS["v2"]
    there = v1.read(written(v1, sample), sample.size)
    assert_close(v2.read(written(v2, there), sample.size), sample)


@dialects
@given(sample=samples())
def test_computed_fields_are_put_over_what_was_given(dialect: Dialect, sample: Sample) -> None:
    given = {
        "note": {"kept": [1, None, "x"]},
        "objects": [{"bbox": [0, 0, 1, 1], "confidence": 7, "tag": index} for index, _ in enumerate(sample.objects)],
    }
    context = WriteContext(sample.size or (0, 0), "string")
    answer = dialect.write(sample, given, replaces_objects=False, fields=["age"], context=context)
    assert answer["note"] == {"kept": [1, None, "x"]}
    for index, (item, computed) in enumerate(zip(answer["objects"], sample.objects, strict=True)):
        age = {} if computed.age is None else {"age": str(round(computed.age))}
        assert item == {"bbox": [0, 0, 1, 1], "confidence": 7, "tag": index, **age}


@pytest.mark.parametrize(
    ("name", "item", "key"),
    [
        ("v1", {"bbox": BOX, "pose": {"yaw": 0, "pitch": 0, "roll": 0}}, "pose"),
        ("v1", {"bbox": BOX, "has_medical_mask": {}}, "has_medical_mask"),
        ("v2", {"bbox": BOX, "angles": {"yaw": 0, "pitch": 0, "roll": 0}}, "angles"),
        ("v2", {"bbox": BOX, "fitter": {}}, "fitter"),
    ],
)
def test_keys_of_another_dialect_are_refused_where_they_lie(name: str, item: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidSample) as refusal:
        DIALECTS[name].read({"objects": [{}, item]}, (100, 100))
    assert {"loc": ["objects", 1, key], "type": "mixed_dialects"}.items() <= refusal.value.details[0].items()


def test_vocabularies_belong_to_their_dialect() -> None:
    for name, gender in (("v1", "male"), ("v2", "MALE")):
        with pytest.raises(InvalidSample):
            DIALECTS[name].read({"objects": [{"gender": gender}]}, (100, 100))


@dialects
@pytest.mark.parametrize(
    ("item", "loc"),
    [
        ("face", ["objects", 0]),
        ({"bbox": [0.1, 0.2, 0.3]}, ["objects", 0, "bbox", 3]),
        ({"bbox": [10, 20, 300, 400]}, ["objects", 0, "bbox", 0]),
        ({"bbox": [0.5, 0.2, 0.3, 0.4]}, ["objects", 0, "bbox"]),
        ({"bbox": [0.5, 0.2, 0.505, 0.4]}, ["objects", 0, "bbox"]),
        ({"bbox": [0.1, 0.2, 0.3, 0.2 + 1e-9]}, ["objects", 0, "bbox"]),
        ({"class": "cat"}, ["objects", 0, "class"]),
        ({"age": "old"}, ["objects", 0, "age"]),
        ({"emotions": []}, ["objects", 0, "emotions"]),
    ],
)
def test_broken_schema_is_located(dialect: Dialect, item: Any, loc: list[str | int]) -> None:
    with pytest.raises(InvalidSample) as refusal:
        dialect.read({"objects": [item]}, (100, 100))
    assert refusal.value.details[0]["loc"] == loc


def faces(dialect: Dialect) -> Any:
    """A face with points, in a dialect, in an image of 480 x 640."""
    sample = Sample(size=(480, 640), objects=[SampleObject(bbox=(0, 0, 1, 1), landmarks=[(0.25, 0.5)] * 21)])
    (face,) = written(dialect, sample)["objects"]
    return face


@pytest.mark.parametrize(
    ("name", "item"),
    [
        *[(name, item) for name in DIALECTS for item in ("face", {"bbox": "0, 0, 1, 1"}, {"bbox": [0, 0, 1, 1, 1]})],
        *[("v1", {key: 5}) for key in ("fitter", "angles", "quality", "mask", "liveness", "emotions")],
        *[("v2", {key: 5}) for key in ("keypoints", "pose", "quality", "has_medical_mask", "liveness", "template")],
        ("v1", {"fitter": {"left_eye": 5, "keypoints": [1]}}),
        ("v2", {"keypoints": {"nose": {"proj": 5}}}),
        ("v2", {"emotions": [5] * 7}),
        *[(name, {"bbox": [0.5, 0.2, 0.3, 0.4]}) for name in DIALECTS],
        ("v1", {"angles": {"yaw": 361, "roll": 0, "pitch": 0}}),
        ("v2", {"pose": {"yaw": 361, "roll": 0, "pitch": 0}}),
    ],
)
def test_messages_speak_of_json_and_name_no_class(name: str, item: Any) -> None:
    with pytest.raises(InvalidSample) as refusal:
        DIALECTS[name].read({"objects": [item]}, (480, 640))
    for detail in refusal.value.first:
        assert not re.search(
            r"(?i)tuple|instance|validation|model|V[12]|value error", f"{detail['msg']} {detail['type']}"
        ), detail
        assert detail["loc"][2:3] == list(item)[:1] if isinstance(item, dict) else detail["loc"] == ["objects", 0]


@dialects
def test_numbers_written_as_text_are_refused(dialect: Dialect) -> None:
    face = faces(dialect)
    key, pose = dialect.key_of(LANDMARKS), dialect.key_of(POSE)
    assert dialect.read({"objects": [face]}, (480, 640)).objects[0].landmarks == [(0.25, 0.5)] * 21
    points = {**face[key], "nose": {"proj": ["0.25", 0.5]}} if key == "keypoints" else None
    texts = points or {**face[key], "keypoints": [*face[key]["keypoints"][:-1], "0"]}
    for broken, loc in (
        ({"bbox": [0, 0, 1, "1"]}, ["bbox", 3]),
        ({"bbox": [0, 0, 1, True]}, ["bbox", 3]),
        ({key: texts}, [key]),
        ({"confidence": "0.9"}, ["confidence"]),
        ({pose: {"yaw": "12", "roll": 0, "pitch": 0}}, [pose, "yaw"]),
        ({pose: {"yaw": 0, "roll": 0, "pitch": True}}, [pose, "pitch"]),
        ({"liveness": {"confidence": "1", "value": dialect.vocabulary.spell("real")}}, ["liveness", "confidence"]),
        ({"emotions": [{"confidence": "0.1", "emotion": dialect.vocabulary.spell("sad")}] * 7}, ["emotions"]),
    ):
        with pytest.raises(InvalidSample) as refusal:
            dialect.read({"objects": [{**face, **broken}]}, (480, 640))
        detail = refusal.value.details[0]
        assert detail["loc"][2 : 2 + len(loc)] == loc
        assert detail["type"] == "float_type"


@dialects
@pytest.mark.parametrize("name", ["fda", "fd"])
def test_both_names_of_the_points_are_accepted(dialect: Dialect, name: str) -> None:
    face = faces(dialect)
    face[dialect.key_of(LANDMARKS)]["fitter_type"] = name
    assert dialect.read({"objects": [face]}, (480, 640)).objects[0].landmarks == [(0.25, 0.5)] * 21
    face[dialect.key_of(LANDMARKS)]["fitter_type"] = "fdb"
    with pytest.raises(InvalidSample, match="'fda' or 'fd'"):
        dialect.read({"objects": [face]}, (480, 640))


def test_the_bound_of_points_in_v1_is_in_pixels() -> None:
    face = faces(DIALECTS["v1"])
    for x in (64_001, -1e300):
        face["fitter"]["keypoints"][0] = x
        with pytest.raises(InvalidSample, match="x from -64000 to 64000, y from -48000 to 48000") as refusal:
            DIALECTS["v1"].read({"objects": [face]}, (480, 640))
        (detail,) = refusal.value.details
        assert detail["loc"] == ["objects", 0, "fitter"]


@pytest.mark.parametrize("key", ["left_eye", "right_eye"])
@pytest.mark.parametrize("point", [[64_001, 2], [2, -48_001], [1e9, 2]])
def test_the_eyes_of_v1_have_the_bound_of_the_points(key: str, point: list[float]) -> None:
    face = faces(DIALECTS["v1"])
    message = f"points of `{key}` are in pixels: x from -64000 to 64000, y from -48000 to 48000"
    with pytest.raises(InvalidSample, match=message) as refusal:
        DIALECTS["v1"].read({"objects": [{**face, "fitter": {**face["fitter"], key: point}}]}, (480, 640))
    assert refusal.value.details[0]["loc"] == ["objects", 0, "fitter"]
    for at_the_bound in ([64_000, -48_000], [-64_000, 48_000]):
        DIALECTS["v1"].read({"objects": [{**face, "fitter": {**face["fitter"], key: at_the_bound}}]}, (480, 640))


@dialects
def test_the_input_of_a_broken_sample_is_not_repeated(dialect: Dialect) -> None:
    with pytest.raises(InvalidSample) as refusal:
        dialect.read({"objects": [{"age": "secret-bytes"}]}, (100, 100))
    assert "secret-bytes" not in str(refusal.value.details)


@dialects
def test_a_box_of_a_pixel_is_read_and_a_smaller_one_is_refused_with_the_size_of_the_image(dialect: Dialect) -> None:
    box = [1 / 3, 0, 1 / 3 + 1 / 640, 1 / 480]
    assert dialect.read({"objects": [{"bbox": box}]}, (480, 640)).objects[0].bbox == tuple(box)
    with pytest.raises(InvalidSample, match="smaller than a pixel of the image, which has 320 x 480"):
        dialect.read({"objects": [{"bbox": box}]}, (480, 320))


def test_emotions_name_each_emotion_once() -> None:
    entries = [{"confidence": 0.1, "emotion": "ANGRY"}] * 7
    with pytest.raises(InvalidSample, match="missing: disgusted, scared"):
        DIALECTS["v1"].read({"objects": [{"emotions": entries}]}, (100, 100))


def test_age_is_accepted_as_text_and_as_number() -> None:
    read = DIALECTS["v2"].read({"objects": [{"age": "25"}, {"age": 25}]}, None)
    assert [item.age for item in read.objects] == [25, 25]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"$image": ""}, "v1"),
        ({"_image": {"blob": ""}}, "v2"),
        ({"objects": [{"$template": ""}]}, "v1"),
        ({"objects": [{"template": {}}]}, "v2"),
        ({}, "v2"),
    ],
)
def test_dialect_is_told_from_keys(body: dict[str, Any], name: str) -> None:
    assert dialect_of(body).name == name


def test_sample_of_two_dialects_is_refused() -> None:
    with pytest.raises(InvalidSample):
        dialect_of({"$image": "", "_image": {"blob": ""}})


@dialects
def test_an_image_of_another_type_is_refused(dialect: Dialect) -> None:
    with pytest.raises(InvalidSample) as refusal:
        dialect.image_text({dialect.image_key: 7})
    assert refusal.value.details[0]["loc"] == [dialect.image_key]


@dialects
def test_image_is_echoed_as_it_was_read(dialect: Dialect) -> None:
    assert dialect.image_text({dialect.image_key: dialect.write_image("QUJD")}) == "QUJD"


def with_notes(value: Any) -> Any:
    """JSON with a foreign key in each of its objects."""
    if isinstance(value, dict):
        return {key: with_notes(one) for key, one in value.items()} | {"note": "of the caller"}
    return [with_notes(one) for one in value] if isinstance(value, list) else value


@dialects
@given(sample=samples())
def test_foreign_keys_are_legal_at_every_level(dialect: Dialect, sample: Sample) -> None:
    body = written(dialect, sample)
    assert dialect.read(with_notes(body), sample.size) == dialect.read(body, sample.size)


@dialects
def test_a_field_that_is_not_needed_may_have_any_value(dialect: Dialect) -> None:
    keys = {dialect.key_of(field) for field in (TEMPLATE, AgeEstimator.output, QualityAssessmentEstimator.output, POSE)}
    foreign = {"objects": [{"id": "left", "bbox": BOX, **dict.fromkeys(keys, "of another vendor")}]}
    (face,) = dialect.read(foreign, (100, 100), [BBOX]).objects
    assert face.bbox == tuple(BOX)
    with pytest.raises(InvalidSample):
        dialect.read(foreign, (100, 100), [BBOX, POSE])


@dialects
@pytest.mark.parametrize("angle", [1e308, -361])
def test_angles_beyond_a_turn_are_refused(dialect: Dialect, angle: float) -> None:
    key = dialect.key_of(POSE)
    with pytest.raises(InvalidSample) as refusal:
        dialect.read({"objects": [{key: {"yaw": angle, "roll": 0, "pitch": 0}}]}, (100, 100))
    assert refusal.value.details[0]["loc"] == ["objects", 0, key]


def test_points_far_from_the_image_are_refused() -> None:
    (face,) = written(DIALECTS["v2"], Sample(objects=[SampleObject(landmarks=[(0.5, 0.5)] * 21)]))["objects"]
    face["keypoints"]["nose"]["proj"] = [0.5, 1e300]
    with pytest.raises(InvalidSample) as refusal:
        DIALECTS["v2"].read({"objects": [face]}, (100, 100))
    assert refusal.value.details[0]["loc"][:4] == ["objects", 0, "keypoints", "nose"]


def test_lists_without_end_have_one_error() -> None:
    wrong = ["x"] * 10_000
    template = {"_face_template_extractor_1000_12": {"blob": "", "shape": wrong}}
    for name, item in (
        ("v2", {"template": template}),
        ("v2", {"bbox": wrong}),
        ("v2", {"emotions": wrong}),
        ("v1", {"fitter": {"keypoints": wrong, "left_eye": [0, 0], "right_eye": [0, 0]}}),
    ):
        with pytest.raises(InvalidSample) as refusal:
            DIALECTS[name].read({"objects": [item]}, (480, 640))
        assert len(refusal.value.first) + refusal.value.more < 70, item
