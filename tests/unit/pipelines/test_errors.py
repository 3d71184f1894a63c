from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ValidationError

from jobs.job import Priority
from jobs.webhooks.webhook import JobEvent
from pipelines.errors import KEY_LENGTH, MESSAGE_LENGTH, MOST_DETAILS, Detail, InvalidSample, details_of, first_details


def details(count: int) -> list[Detail]:
    return [Detail(loc=[index], msg="wrong", type="t") for index in range(count)]


def test_an_error_names_the_first_things_and_counts_the_others() -> None:
    error = InvalidSample(details(50), more=7).under("body").under("request")
    assert [entry["loc"] for entry in error.details[:2]] == [["request", "body", 0], ["request", "body", 1]]
    assert len(error.details) == MOST_DETAILS + 1
    assert error.details[-1] == {"loc": [], "msg": "37 more errors are not shown", "type": "more_errors"}
    assert "37 more" in str(error)


def test_as_many_as_are_shown_have_no_note() -> None:
    assert InvalidSample(details(MOST_DETAILS)).details == details(MOST_DETAILS)


def test_long_keys_and_messages_are_cut_off() -> None:
    (entry,) = first_details([Detail(loc=["k" * 1_000_000, 3], msg="m" * 1_000_000, type="t")])
    assert entry["loc"] == ["k" * KEY_LENGTH, 3]
    assert entry["msg"] == "m" * MESSAGE_LENGTH


def refuse_all(_: int) -> int:
    raise ValueError("there is no such number")


def assert_nothing(_: int) -> int:
    raise AssertionError("there is nothing")


class Request(BaseModel):
    """A request with what pydantic describes in words of Python."""

    priority: Literal[Priority.HIGH, Priority.BULK] = Priority.HIGH
    event: JobEvent = JobEvent.SUCCEEDED
    number: Annotated[int, AfterValidator(refuse_all)] = 0
    other: Annotated[int, AfterValidator(assert_nothing)] = 0
    nothing: None = None
    pair: tuple[int, int] = (0, 0)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("priority", "x", "Input should be 'high' or 'bulk'"),
        ("event", "x", "Input should be 'job.succeeded', 'job.failed' or 'job.canceled'"),
        ("number", 1, "there is no such number"),
        ("other", 1, "there is nothing"),
        ("nothing", 1, "Input should be null"),
        ("pair", "x", "Input should be a valid list"),
    ],
)
def test_messages_have_no_words_of_python(field: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Request.model_validate({field: value})
    (detail,) = details_of(refused.value, ["body"])
    assert (detail["loc"], detail["msg"]) == (["body", field], message)
