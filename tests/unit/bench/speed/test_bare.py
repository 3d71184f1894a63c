from collections.abc import Mapping

import numpy as np

from bench.speed.parts.bare import Stopwatch
from models.runtime.session import FloatArray


class Doubling:
    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        return {"twice": 2 * batch}


def test_a_timed_session_answers_as_the_one_within() -> None:
    watch = Stopwatch()
    outputs = watch.timed("doubling", Doubling()).run(np.ones((2, 3), np.float32))
    assert (outputs["twice"] == 2).all()


def test_the_time_of_each_model_is_noted_under_its_name() -> None:
    watch = Stopwatch()
    one, other = watch.timed("one", Doubling()), watch.timed("other", Doubling())
    one.run(np.ones((1, 1), np.float32))
    before = watch.took_s["one"]
    other.run(np.ones((1, 1), np.float32))
    assert 0 < before == watch.took_s["one"]
    assert watch.total_s == before + watch.took_s["other"]
