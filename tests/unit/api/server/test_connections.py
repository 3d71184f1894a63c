from dataclasses import dataclass, field
from time import monotonic

from api.server.connections import UNREAD_S, Connections
from config.settings import LimitSettings


@dataclass(eq=False)
class FakeConnection:
    ends_at: float | None = None
    unread: int = 0
    calls: list[str] = field(default_factory=list)

    def unread_bytes(self) -> int:
        return self.unread

    def end_late(self) -> None:
        self.calls.append("late")

    def give_way(self) -> None:
        self.calls.append("gave way")

    def abort(self) -> None:
        self.calls.append("aborted")


def full(count: int) -> tuple[Connections, list[FakeConnection]]:
    """As many connections as there may be, all of which wait for their clients."""
    connections, opened = Connections(LimitSettings(), count), [FakeConnection() for _ in range(count)]
    for one in opened:
        assert connections.admit(one)
        connections.waits(one, 10)
    return connections, opened


def test_the_connection_that_has_waited_longest_gives_way() -> None:
    connections, (first, second, third) = full(3)
    connections.waits(first, 10)  # it has begun another request
    connections.works(second)
    assert connections.admit(FakeConnection())
    assert (first.calls, second.calls, third.calls) == ([], [], ["gave way"])
    assert len(connections) == 3


def test_a_connection_whose_request_is_answered_never_gives_way() -> None:
    connections, opened = full(2)
    for one in opened:
        connections.works(one)
    assert not connections.admit(FakeConnection())
    assert [one.calls for one in opened] == [[], []]
    connections.remove(opened[0])
    assert connections.admit(FakeConnection())


def test_only_what_exceeds_its_time_is_ended() -> None:
    connections, (late, early, working, patient) = full(4)
    late.ends_at = monotonic() - 1
    connections.works(working)
    connections.waits(patient, None)
    connections.sweep()
    assert [one.calls for one in (late, early, working, patient)] == [["late"], [], [], []]


def test_a_client_that_reads_nothing_of_its_answer_is_cut_off() -> None:
    connections, (still, reading) = full(2)
    still.unread = reading.unread = 100
    connections.sweep()
    reading.unread = 99
    for one in (still, reading):
        bytes_then, since = connections._open[one]
        connections._open[one] = (bytes_then, since - UNREAD_S - 1)
    connections.sweep()
    assert (still.calls, reading.calls) == (["aborted"], [])


def test_a_connection_that_cannot_be_answered_keeps_no_other_one_from_its_end() -> None:
    class Broken(FakeConnection):
        def end_late(self) -> None:
            raise NotImplementedError

    connections, broken, late = Connections(LimitSettings(), 2), Broken(), FakeConnection()
    for one in (broken, late):
        assert connections.admit(one)
        connections.waits(one, -1)
    connections.sweep()
    assert (broken.calls, late.calls) == (["aborted"], ["late"])
