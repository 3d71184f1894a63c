from io import StringIO
from threading import Event

from rich.console import Console

from cli.bulk.progress import ProgressBar


def shown(count_in_time: bool) -> str:
    """What a terminal shows of a run of seven photos, of which four were done before."""
    counted = Event()

    def count() -> int:
        counted.wait(10)
        return 7

    console = Console(file=StringIO(), force_terminal=True, width=120)
    with ProgressBar(console, count, 2) as progress:
        progress.begin()
        progress.skipped(4)
        if count_in_time:
            counted.set()
        progress.done(3, 1)
        progress.end(7)
    counted.set()
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()[-2]


def test_the_last_line_has_all_photos_and_the_total() -> None:
    assert "7/7" in shown(count_in_time=True)
    assert "1 failed" in shown(count_in_time=True)


def test_a_run_that_ends_before_its_photos_are_counted_shows_the_total_too() -> None:
    assert "7/7" in shown(count_in_time=False)
