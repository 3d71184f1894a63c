import pytest

from config.settings import LimitSettings
from jobs import admission as limits
from jobs.admission import Pressure
from jobs.errors import Overloaded


class Deployment:
    """Queues of some length, a store that is so full, and a count of how often somebody looked."""

    def __init__(self, length: int = 0, share: float = 0.0) -> None:
        self.length, self.share, self.looks = length, share, 0
        self.pressure = Pressure(LimitSettings(queue_length=10, store_share=0.8), self._length, lambda: self.share)

    def _length(self, queue: str) -> int:
        self.looks += 1
        return self.length


@pytest.mark.parametrize(("length", "share", "passes"), [(9, 0.79, True), (10, 0, False), (0, 0.8, False)])
def test_what_is_full_lets_nothing_pass(length: int, share: float, passes: bool) -> None:
    deployment = Deployment(length, share)
    if passes:
        deployment.pressure.check("a")
    else:
        with pytest.raises(Overloaded):
            deployment.pressure.check("a")


def test_a_look_is_good_for_a_while_and_for_its_queue_alone() -> None:
    deployment = Deployment()
    for _ in range(5):
        deployment.pressure.check("a")
    assert deployment.looks == 1
    deployment.pressure.check("b")
    assert deployment.looks == 2


def test_room_is_noticed_when_the_look_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOK_EVERY_S", 0.0)
    deployment = Deployment(length=10)
    with pytest.raises(Overloaded):
        deployment.pressure.check("a")
    deployment.length = 9
    deployment.pressure.check("a")
