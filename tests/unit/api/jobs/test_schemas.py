from typing import Any

import pytest
from starlette.datastructures import FormData

from api.jobs.schemas import ImageJobOptions, JobRequest, form_fields, view_job
from api.verify.schemas import VerifyOptions, VerifyRequest
from config.settings import JobSettings, LimitSettings
from jobs.answer import JobSnapshot
from jobs.job import Job, JobStatus
from jobs.progress import ServiceProgress
from jobs.request_parsing import parse_options
from pipelines.errors import InvalidSample
from pipelines.plan import Plan
from pipelines.presets import PRESETS
from tests.fakes.jobs import new_job


def read(given: dict[str, Any]) -> None:
    request = parse_options(JobRequest, {"sample": {}, **given})
    request.resolve_services()
    request.options(JobSettings(max_ttl_s=100, ttl_s=50))


@pytest.mark.parametrize(
    ("given", "loc"),
    [
        ({}, "services"),
        ({"services": []}, "services"),
        ({"services": ["a"] * 33}, "services"),
        ({"services": ["a"], "preset": "enrolment"}, "preset"),
        ({"preset": "nonsense"}, "preset"),
        ({"services": ["a"], "on_error": "ignore"}, "on_error"),
        ({"services": ["a"], "priority": "urgent"}, "priority"),
        ({"services": ["a"], "ttl_s": 0}, "ttl_s"),
        ({"services": ["a"], "ttl_s": 101}, "ttl_s"),
        ({"services": ["a"], "ttl_s": "60"}, "ttl_s"),
        ({"services": ["a"], "ttl_s": True}, "ttl_s"),
        ({"services": ["a"], "max_faces": True}, "max_faces"),
        ({"services": ["a"], "max_faces": "1"}, "max_faces"),
        ({"services": ["a"], "max_faces": 1.5}, "max_faces"),
        ({"services": ["a"], "include_image": "true"}, "include_image"),
        ({"services": ["a"], "include_image": 1}, "include_image"),
        ({"services": ["a"], "webhook": {"url": "https://example.org", "event": "x"}}, "webhook.event"),
        ({"services": ["a"], "webhook": {"url": "https://example.org", "events": ["x"]}}, "webhook.events.0"),
        ({"services": ["a"], "webhook": {"url": "https://example.org", "include": "image"}}, "webhook.include"),
        ({"services": ["a"], "servicse": 1}, "servicse"),
    ],
)
def test_a_request_that_says_nothing_sensible_is_refused_where_it_does(given: dict[str, Any], loc: str) -> None:
    with pytest.raises(InvalidSample) as refused:
        read(given)
    assert ".".join(map(str, refused.value.details[0]["loc"])) == loc


@pytest.mark.parametrize(
    ("given", "name"), [({"min_quality": True}, "min_quality"), ({"require_live": "yes"}, "require_live")]
)
def test_options_of_a_verification_have_their_own_types(given: dict[str, Any], name: str) -> None:
    sides = {"a": {"image": ""}, "b": {"image": ""}}
    with pytest.raises(InvalidSample) as refused:
        parse_options(VerifyRequest, {**sides, **given})
    assert refused.value.details[0]["loc"] == [name]
    options = parse_options(VerifyOptions, {"min_quality": "7", "require_live": "true"}, texts=True)
    assert (options.min_quality, options.require_live) == (7, True)


def test_numbers_and_truth_values_of_a_form_are_texts() -> None:
    options = parse_options(ImageJobOptions, {"max_faces": "2", "ttl_s": "60", "include_image": "true"}, texts=True)
    assert (options.max_faces, options.ttl_s, options.include_image) == (2, 60, True)
    with pytest.raises(InvalidSample):
        parse_options(ImageJobOptions, {"max_faces": "true"}, texts=True)


def test_an_unknown_priority_is_answered_with_the_words_of_callers() -> None:
    with pytest.raises(InvalidSample) as refused:
        read({"services": ["a"], "priority": "x"})
    assert refused.value.details[0]["msg"] == "Input should be 'high', 'normal' or 'bulk'"


def test_defaults_are_the_deployments() -> None:
    request = parse_options(JobRequest, {"services": ["a"], "sample": {}, "webhook": None})
    options = request.options(JobSettings(ttl_s=50))
    assert (options.ttl_s, options.on_error, options.include_image) == (50, "fail", False)


def test_a_preset_stands_for_its_services() -> None:
    assert parse_options(JobRequest, {"preset": "enrolment", "sample": {}}).resolve_services() == PRESETS["enrolment"]


def test_a_form_names_services_in_a_row_or_one_by_one() -> None:
    for given in ([("services", "a, b"), ("services", "c")], [("services", "a"), ("services", "b,c,")]):
        fields = form_fields(FormData([("image", "not a field"), *given, ("metadata", '{"k": [1]}')]), LimitSettings())
        assert fields == {"services": ["a", "b", "c"], "metadata": {"k": [1]}}
        assert parse_options(ImageJobOptions, fields).dialect == "v2"


@pytest.mark.parametrize("name", ["metadata", "webhook"])
def test_a_field_of_a_form_that_is_no_json_is_refused_as_such(name: str) -> None:
    with pytest.raises(InvalidSample) as refused:
        form_fields(FormData([(name, "https://example.org/hook")]), LimitSettings())
    (detail,) = refused.value.details
    assert (detail["loc"], detail["type"]) == ([name], "json_invalid")
    assert detail["msg"].startswith("Invalid JSON: ")


def test_a_request_without_services_is_told_that_a_preset_does_too() -> None:
    with pytest.raises(InvalidSample) as refused:
        read({})
    assert refused.value.details[0]["msg"] == "give services, or a preset"


def test_services_that_nobody_asked_for_are_not_shown() -> None:
    spec = new_job(("face-detector-face-fitter", "age-estimator")).spec
    detector, age = spec.plan.steps
    hiding = spec.model_copy(update={"plan": Plan(steps=(detector.model_copy(update={"asked": False}), age))})
    progress = [ServiceProgress(ms=1), ServiceProgress(ms=2)]
    view = view_job(JobSnapshot(Job(spec=hiding, status=JobStatus.RUNNING, services=progress)))
    assert view.services == ["age-estimator"]
    assert [(stage.service, stage.ms) for stage in view.stages] == [("age-estimator", 2)]
