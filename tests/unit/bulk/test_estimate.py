"""The parts of an estimate that can be computed; `docs/bulk.md` has an estimate beside the time of its run."""

from bulk.estimate import _sampled
from bulk.inputs import Input
from bulk.timing import Timing
from jobs.reference import Reference


def run_s(photos: int, *, chunk: int = 10, threads: int = 2) -> float:
    return Timing(start_s=0, photo_s=1, threads=threads).run_s(photos, chunk)


def test_a_run_takes_as_long_as_its_busiest_thread() -> None:
    assert run_s(20) == 10
    assert run_s(30) == 20, "the second thread has nothing to do in the second round"
    assert run_s(24) == 14
    assert run_s(7, threads=8) == 7
    assert run_s(0) == 0


def test_the_start_of_the_stack_is_a_part_of_the_run() -> None:
    assert Timing(start_s=2, photo_s=1, threads=1).run_s(1, 1) > 3


def test_the_photos_that_are_timed_are_spread_over_the_run() -> None:
    photos = [Input(str(number), Reference(f"/{number}")) for number in range(1000)]
    count, some = _sampled(photos, 16)
    numbers = [int(photo.name) for photo in some]
    assert (count, len(set(numbers)), numbers) == (1000, 16, sorted(numbers))
    assert numbers[4] < 600
    assert numbers[-4] > 400
    assert _sampled(photos[:5], 16) == (5, photos[:5])
