from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from bulk.desk import Desk
from bulk.fleet import Ended
from bulk.inputs import Input
from bulk.reach import reached
from models.catalogue import services
from pipelines.reference import Reference
from pipelines.sample import SampleObject
from pipelines.settings import JobSettings, LimitSettings
from pipelines.submission import Checked, Intake, Options
from tests.fakes.fleet import FakeFleet, dead, well

DESK = Desk(
    Intake(services(), JobSettings(), LimitSettings(), lambda family: family.value),
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
    fleet = FakeFleet()
    assert reached(fleet, DESK, photos)
    assert [(len(piece), carried(piece)) for piece in fleet.sent] == [(1, False), (1, True)]
    assert all(piece[0].source == str(photos[2].reference) for piece in fleet.sent if not carried(piece))
    assert fleet.open == {}
    assert len(fleet.erased) == 2


def test_workers_that_do_not_reach_one_do_not_reach_any(photos: list[Input]) -> None:
    def answer(fleet: FakeFleet, sent: Sequence[Checked]) -> Ended:
        return well(fleet, sent) if carried(sent) else Ended([dead("unreachable_reference")])

    assert not reached(FakeFleet(answer), DESK, photos)


def test_workers_that_have_another_photo_there_are_not_trusted(photos: list[Input]) -> None:
    def answer(fleet: FakeFleet, sent: Sequence[Checked]) -> Ended:
        ended = well(fleet, sent)
        assert ended.items is not None
        if not carried(sent):
            ended.items[0].sample.size = (4, 4)
        return ended

    assert not reached(FakeFleet(answer), DESK, photos)


@pytest.mark.parametrize(("there", "trusted"), [(0.3001, True), (0.4, False)])
def test_a_face_may_be_off_by_what_processors_differ_by_and_no_more(
    photos: list[Input], there: float, trusted: bool
) -> None:
    def answer(fleet: FakeFleet, sent: Sequence[Checked]) -> Ended:
        ended = well(fleet, sent)
        assert ended.items is not None
        x2 = 0.3 if carried(sent) else there
        ended.items[0].sample.objects = [SampleObject(bbox=(0.1, 0.1, x2, 0.3), confidence=x2)]
        return ended

    assert reached(FakeFleet(answer), DESK, photos) is trusted


def test_workers_that_answer_nothing_are_not_trusted(photos: list[Input]) -> None:
    fleet = FakeFleet(lambda _fleet, _photos: Ended(None))
    assert not reached(fleet, DESK, photos)
    assert fleet.open == {}


def test_where_nobody_here_reads_a_photo_the_workers_are_asked(photos: list[Input]) -> None:
    fleet = FakeFleet()
    assert reached(fleet, DESK, photos[:2])
    assert fleet.sent == []
