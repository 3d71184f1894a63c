from collections.abc import Sequence

import pytest

from cli.bulk.progress import FEW_SECONDS, in_words
from cli.bulk.remaining_time import RemainingTime

Ends = Sequence[tuple[float, int]]

# When chunks were done in two runs of 301 portraits on a busy machine of two cores: seconds and photos.
CHUNKS_OF_8 = [
    (0.99, 8), (1.02, 8), (1.65, 8), (1.72, 8), (2.46, 8), (2.5, 8), (3.27, 8), (3.31, 8), (4.12, 8), (4.17, 8),
    (5.07, 8), (5.18, 8), (5.85, 8), (5.98, 8), (6.37, 8), (6.52, 8), (6.86, 8), (7.02, 8), (7.41, 8), (7.68, 8),
    (8.13, 8), (8.48, 8), (8.93, 8), (9.28, 8), (9.75, 8), (10.15, 8), (10.89, 8), (11.33, 8), (12.05, 8),
    (12.45, 8), (13.15, 8), (13.31, 8), (13.9, 8), (14.07, 8), (14.57, 8), (14.64, 8), (15.07, 5), (15.21, 8),
]  # fmt: skip
CHUNKS_OF_32 = [
    (2.83, 32), (2.89, 32), (5.52, 32), (5.86, 32), (8.32, 32), (8.72, 32), (10.91, 32), (11.15, 32),
    (12.07, 13), (12.76, 32),
]  # fmt: skip
IN_FLIGHT = 4


def estimates(ends: Ends, in_flight: int) -> list[tuple[float, float, float | None]]:
    """For each chunk but the last: the share that is done, the time that is left, and its estimate."""
    total = sum(photos for _, photos in ends)
    remaining, done, found = RemainingTime(in_flight), 0, []
    for at_s, photos in ends[:-1]:
        remaining.add(at_s, photos)
        done += photos
        found.append((done / total, ends[-1][0] - at_s, remaining.left_s(total - done)))
    return found


def in_groups(workers: int, chunks: int) -> Ends:
    """Chunks of workers that begin together and take nearly ten seconds for each."""
    return sorted((2 + (10 + worker / 50) * (number + 1), 64) for number in range(chunks) for worker in range(workers))


@pytest.mark.parametrize(
    ("ends", "in_flight"),
    [
        (CHUNKS_OF_8, IN_FLIGHT),
        (CHUNKS_OF_32, IN_FLIGHT),
        (in_groups(1, 30), 1),
        (in_groups(2, 30), 4),
        (in_groups(16, 10), 32),
        (in_groups(16, 10), 16),
    ],
)
def test_no_estimate_after_the_first_fifth_is_wrong_by_more_than_half(ends: Ends, in_flight: int) -> None:
    shown = [(left, estimate) for share, left, estimate in estimates(ends, in_flight) if share >= 0.2 and estimate]
    assert len(shown) >= len(ends) // 2 - 1
    for left, estimate in shown:
        if estimate < FEW_SECONDS:
            assert left <= 1.5 * FEW_SECONDS
        else:
            assert left / 1.5 <= estimate <= 1.5 * left


def test_there_is_no_estimate_before_a_chunk_replaced_another() -> None:
    early = estimates(CHUNKS_OF_8, IN_FLIGHT)
    assert [estimate for _, _, estimate in early[:IN_FLIGHT]] == [None] * IN_FLIGHT
    assert early[IN_FLIGHT][2] is not None


def test_a_run_that_becomes_slower_is_noticed() -> None:
    remaining = RemainingTime(1)
    for second in range(40):
        remaining.add(second, 10)
    for second in range(40, 240, 5):
        remaining.add(second, 10)
    assert remaining.left_s(100) == pytest.approx(50, rel=0.2)


def test_the_last_seconds_are_not_counted() -> None:
    assert in_words(4.9) == "a few seconds left"
    assert in_words(61.6) == "about 0:01:02 left"
