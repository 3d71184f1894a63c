import asyncio
import time

import pytest

from api.system import pressure
from api.system.pressure import LoopLag, Pressure
from jobs.callers import WaitingPlaces


def test_a_process_is_under_pressure_while_all_places_are_taken() -> None:
    places = WaitingPlaces(1)
    measured = Pressure(places, LoopLag(), most_lag_s=1)
    assert measured.reason() is None
    with places.take():
        assert "1 callers wait" in str(measured.reason())
    assert measured.reason() is None


def test_a_process_that_answers_late_is_under_pressure_until_it_has_been_in_time_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pressure, "EVERY_S", 0.01)

    async def run() -> None:
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(0.05)
        # Far above what a busy machine does in the time of this test.
        measured = Pressure(WaitingPlaces(1), lag, most_lag_s=lag.worst_s + 0.5)
        time.sleep(lag.worst_s + 1)
        await asyncio.sleep(0.05)
        assert "late" in str(measured.reason())
        ends = time.monotonic() + 60
        while measured.reason() is not None:
            assert time.monotonic() < ends
            await asyncio.sleep(0.1)
        lag.close()

    asyncio.run(run())
