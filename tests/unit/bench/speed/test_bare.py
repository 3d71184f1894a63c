from collections.abc import Mapping

import numpy as np

from bench.speed.parts.bare import Stopwatch
from models.runtime.session import FloatArray


class Doubling:
    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        return {"twice": 2 * batch}


def test_a_timed_session_gives_the_results_of_the_session_it_wraps() -> None:
    watch = Stopwatch()
    outputs = watch.timed("doubling", Doubling()).run(np.ones((2, 3), np.float32))
    assert (outputs["twice"] == 2).all()


def test_times_are_summed_per_model() -> None:
    watch = Stopwatch()
    one, other = watch.timed("one", Doubling()), watch.timed("other", Doubling())
    one.run(np.ones((1, 1), np.float32))
    before = watch.took_s["one"]
    other.run(np.ones((1, 1), np.float32))
    assert 0 < before == watch.took_s["one"]
    assert watch.total_s == before + watch.took_s["other"]
