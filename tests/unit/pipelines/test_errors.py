from pipelines.errors import KEY_LENGTH, MESSAGE_LENGTH, MOST_DETAILS, Detail, InvalidSample, first_details


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
