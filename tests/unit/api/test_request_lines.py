"""Which requests have a line in the log under overload."""

import logging

import pytest

from api.request_lines import REFUSALS_PER_S, RefusalLines
from config.logs import request_id


def counts(records: list[logging.LogRecord]) -> list[int]:
    return [vars(record)["count"] for record in records]


def test_some_refusals_of_each_second_have_a_line_and_the_others_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = 10.0
    lines = RefusalLines(lambda: now)
    with caplog.at_level(logging.INFO):
        assert [lines.allow(429) for _ in range(REFUSALS_PER_S + 3)] == [True] * REFUSALS_PER_S + [False] * 3
        assert all(lines.allow(status) for status in (200, 202, 422, 503, None))
        assert caplog.records == []
        now = 11.0
        assert lines.allow(200)
        assert counts(caplog.records) == [3]
        assert [lines.allow(429) for _ in range(REFUSALS_PER_S)] == [True] * REFUSALS_PER_S
        now = 13.5
        assert lines.allow(429)
        assert counts(caplog.records) == [3]


def test_the_line_that_counts_is_not_about_the_request_that_comes_next(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str | None] = []

    class Listener(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            seen.append(request_id.get())

    now = 10.0
    lines, listener = RefusalLines(lambda: now), Listener()
    for _ in range(REFUSALS_PER_S + 1):
        lines.allow(429)
    token = request_id.set("next")
    logging.getLogger("api.request_lines").addHandler(listener)
    try:
        with caplog.at_level(logging.INFO):
            now = 11.0
            lines.allow(200)
    finally:
        logging.getLogger("api.request_lines").removeHandler(listener)
        request_id.reset(token)
    assert seen == [None]
