from time import time

import pytest

from metrics.worker import METRICS, decoding, note_end, note_message
from models.errors import InvalidImage


def value(name: str, **labels: str) -> float:
    """A sample of the registry; 0 if there is none yet."""
    return METRICS.registry.get_sample_value(f"faceline_{name}", labels) or 0.0


def test_a_message_counts_from_its_sending() -> None:
    before = value("queue_wait_seconds_sum", queue="waited")
    note_message("waited", time() - 5, redelivered=False)
    assert value("queue_wait_seconds_sum", queue="waited") - before == pytest.approx(5, abs=2)
    assert value("redeliveries_total", queue="waited") == 0


def test_the_clock_of_a_sender_may_be_ahead() -> None:
    note_message("ahead", time() + 60, redelivered=False)
    assert value("queue_wait_seconds_sum", queue="ahead") == 0
    assert value("queue_wait_seconds_count", queue="ahead") == 1


def test_a_message_of_an_earlier_version_has_no_time_and_may_come_again() -> None:
    note_message("earlier", None, redelivered=True)
    assert value("queue_wait_seconds_count", queue="earlier") == 0
    assert value("redeliveries_total", queue="earlier") == 1


def test_an_image_that_cannot_be_decoded_counts_with_its_reason() -> None:
    runs, failures = value("image_decode_seconds_count"), value("image_decode_failures_total", reason="invalid_image")
    sizes = value("image_decode_bytes_total")
    with decoding(100):
        pass
    with pytest.raises(InvalidImage), decoding(11):
        raise InvalidImage("broken")
    assert value("image_decode_seconds_count") == runs + 2
    assert value("image_decode_bytes_total") == sizes + 111
    assert value("image_decode_failures_total", reason="invalid_image") == failures + 1


def test_the_end_of_a_job_counts_with_its_outcome_and_the_reason_of_a_failure() -> None:
    note_end("failed", "bulk", 3.0, "broken")
    note_end("succeeded", "bulk", -1.0, None)
    assert value("jobs_total", outcome="failed", priority="bulk") >= 1
    assert value("jobs_total", outcome="succeeded", priority="bulk") >= 1
    assert value("job_failures_total", reason="broken") == 1
