from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from bulk.executors.executor import Ended
from bulk.executors.reference_probe import reached
from bulk.inputs import Input
from bulk.validation import PhotoValidator
from config.settings import JobSettings, LimitSettings
from jobs.factory import Checked, JobFactory, Options
from jobs.reference import Reference
from models.catalogue import services
from tests.fakes.executor import FakeExecutor, dead, well

DESK = PhotoValidator(
    JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value),
    ("face-detector-face-fitter",),
    Options(60, "number"),
)


@pytest.fixture
def photos(tmp_path: Path) -> list[Input]:
    """One that is not there, one that is none, and two."""
    (tmp_path / "1.png").write_text("no photo")
    for place in (2, 3):
        cv2.imwrite(str(tmp_path / f"{place}.png"), np.zeros((20, 40, 3), np.uint8))
    return [Input(f"{place}.png", Reference(str(tmp_path / f"{place}.png"))) for place in range(4)]


def carried(photos: Sequence[Checked]) -> bool:
    return photos[0].image is not None


def test_workers_that_give_the_same_either_way_reach_the_photos(photos: list[Input]) -> None:
    executor = FakeExecutor()
    assert reached(executor, DESK, photos)
    assert [(len(piece), carried(piece)) for piece in executor.sent] == [(1, False), (1, True)]
    assert all(piece[0].source == str(photos[2].reference) for piece in executor.sent if not carried(piece))
    assert executor.open == {}
    assert len(executor.erased) == 2


def test_workers_that_do_not_reach_one_do_not_reach_any(photos: list[Input]) -> None:
    def answer(executor: FakeExecutor, sent: Sequence[Checked]) -> Ended:
        return well(executor, sent) if carried(sent) else Ended([dead("unreachable_reference")])

    assert not reached(FakeExecutor(answer), DESK, photos)


def test_workers_that_have_another_photo_there_are_not_trusted(photos: list[Input]) -> None:
    def answer(executor: FakeExecutor, sent: Sequence[Checked]) -> Ended:
        ended = well(executor, sent)
        assert ended.items is not None
        if not carried(sent):
            ended.items[0].sample.size = (4, 4)
        return ended

    assert not reached(FakeExecutor(answer), DESK, photos)


def test_workers_that_answer_nothing_are_not_trusted(photos: list[Input]) -> None:
    executor = FakeExecutor(lambda _executor, _photos: Ended(None))
    assert not reached(executor, DESK, photos)
    assert executor.open == {}


def test_where_nobody_here_reads_a_photo_the_workers_are_asked(photos: list[Input]) -> None:
    executor = FakeExecutor()
    assert reached(executor, DESK, photos[:2])
    assert executor.sent == []
