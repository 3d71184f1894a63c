from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from bulk.executors import reference_probe
from bulk.executors.executor import Outcome
from bulk.executors.reference_probe import workers_reach
from bulk.inputs import Input
from bulk.validation import PhotoValidator
from config.settings import JobSettings, LimitSettings
from jobs.errors import StorageError
from jobs.factory import CheckedSample, JobFactory
from jobs.job import RunOptions
from jobs.reference import Reference
from models.catalogue import services
from pipelines.sample import SampleObject
from tests.fakes.executor import FakeExecutor, dead, well

VALIDATOR = PhotoValidator(
    JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value),
    ("face-detector-face-fitter",),
    RunOptions(60, "number"),
)


@pytest.fixture
def photos(tmp_path: Path) -> list[Input]:
    """A missing photo, a file that is no photo, and two photos."""
    (tmp_path / "1.png").write_text("no photo")
    for index in (2, 3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.zeros((20, 40, 3), np.uint8))
    return [Input(f"{index}.png", Reference(str(tmp_path / f"{index}.png"))) for index in range(4)]


def carried(photos: Sequence[CheckedSample]) -> bool:
    return photos[0].image is not None


def test_workers_that_give_the_same_either_way_reach_the_photos(photos: list[Input]) -> None:
    executor = FakeExecutor()
    assert workers_reach(executor, VALIDATOR, photos)
    assert [(len(sent), carried(sent)) for sent in executor.sent] == [(1, False), (1, True)]
    assert all(sent[0].reference == str(photos[2].reference) for sent in executor.sent if not carried(sent))
    assert executor.open == {}
    assert len(executor.erased) == 2


def test_workers_that_do_not_reach_one_do_not_reach_any(photos: list[Input]) -> None:
    def answer(executor: FakeExecutor, sent: Sequence[CheckedSample]) -> Outcome:
        return well(executor, sent) if carried(sent) else Outcome([dead("unreachable_reference")])

    assert not workers_reach(FakeExecutor(answer), VALIDATOR, photos)


def test_workers_that_have_another_photo_there_do_not_reach_them(photos: list[Input]) -> None:
    def answer(executor: FakeExecutor, sent: Sequence[CheckedSample]) -> Outcome:
        outcome = well(executor, sent)
        assert outcome.items is not None
        if not carried(sent):
            outcome.items[0].sample.size = (4, 4)
        return outcome

    assert not workers_reach(FakeExecutor(answer), VALIDATOR, photos)


@pytest.mark.parametrize(("x2", "reached"), [(0.3001, True), (0.4, False)])
def test_boxes_may_differ_as_much_as_between_processors(photos: list[Input], x2: float, reached: bool) -> None:
    def answer(executor: FakeExecutor, sent: Sequence[CheckedSample]) -> Outcome:
        outcome = well(executor, sent)
        assert outcome.items is not None
        right = 0.3 if carried(sent) else x2
        outcome.items[0].sample.objects = [SampleObject(bbox=(0.1, 0.1, right, 0.3), confidence=right)]
        return outcome

    assert workers_reach(FakeExecutor(answer), VALIDATOR, photos) is reached


def test_workers_that_answer_nothing_do_not_reach_them(photos: list[Input]) -> None:
    executor = FakeExecutor(lambda _executor, _photos: Outcome(None))
    assert not workers_reach(executor, VALIDATOR, photos)
    assert executor.open == {}


class Silent(FakeExecutor):
    """An executor that gives no answer to some calls."""

    def __init__(self, silences: int) -> None:
        super().__init__()
        self.silences = silences

    def outcome(self, ticket: str) -> Outcome | None:
        if self.silences:
            self.silences -= 1
            raise StorageError("no answer")
        return super().outcome(ticket)

    def erase(self, ticket: str) -> None:
        super().erase(ticket)
        raise StorageError("no answer")


def test_an_answer_that_is_lost_is_asked_for_again(photos: list[Input], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_probe, "WAIT_S", 0.01)
    executor = Silent(3)
    assert workers_reach(executor, VALIDATOR, photos)
    assert (executor.silences, executor.open) == (0, {})


def test_an_executor_that_answers_nothing_for_long_is_lost(
    photos: list[Input], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_probe, "LOST_AFTER_S", 0)
    executor = Silent(10)
    with pytest.raises(StorageError):
        workers_reach(executor, VALIDATOR, photos)
    assert executor.open == {}


def test_without_a_valid_photo_the_workers_read_them(photos: list[Input]) -> None:
    executor = FakeExecutor()
    assert workers_reach(executor, VALIDATOR, photos[:2])
    assert executor.sent == []
