from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.accuracy.calibrate import THRESHOLDS
from bench.accuracy.look_alikes import Traits
from bench.accuracy.pairs import PairCounts
from models.calibration.rates import Calibration


def embeddings(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    drawn = np.random.default_rng(seed).normal(size=(count, 8))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=25), st.integers(0, 10_000))
def test_counts_equal_those_of_a_loop_over_all_pairs(labels: list[int], seed: int) -> None:
    vectors = embeddings(len(labels), seed)
    counts = PairCounts.of(vectors, labels, np.array([0.5, 1.0]))
    expected = {True: [0, 0, 0], False: [0, 0, 0]}
    for first, second in combinations(range(len(labels)), 2):
        distance = 1 - float(vectors[first] @ vectors[second])
        for row, threshold in enumerate((0.5, 1.0, np.inf)):
            expected[labels[first] == labels[second]][row] += distance <= threshold
    assert [*counts.genuine, counts.genuine_pairs] == expected[True]
    assert [*counts.impostor, counts.impostor_pairs] == expected[False]


people = st.none() | st.builds(Traits, st.sampled_from("fm"), st.sampled_from("ns"), st.integers(20, 35).map(float))


@given(st.lists(st.tuples(st.integers(0, 3), people), min_size=2, max_size=25), st.integers(0, 10_000))
def test_look_alikes_are_strangers_of_one_sex_and_origin_and_of_nearly_one_age(
    photos: list[tuple[int, Traits | None]], seed: int
) -> None:
    vectors = embeddings(len(photos), seed)
    labels, traits = [label for label, _ in photos], [one for _, one in photos]
    counts = PairCounts.of(vectors, labels, np.array([1.0]), traits)
    expected = [0, 0]
    for first, second in combinations(range(len(photos)), 2):
        one, other = traits[first], traits[second]
        if labels[first] != labels[second] and one is not None and other is not None:
            alike = (one.sex, one.origin) == (other.sex, other.origin) and abs(one.age - other.age) <= 5
            expected[0] += alike
            expected[1] += alike and 1 - float(vectors[first] @ vectors[second]) <= 1
    assert [counts.look_alike_pairs, *counts.look_alike] == expected


def test_blocks_of_rows_count_each_pair_once() -> None:
    labels = [number % 40 for number in range(1300)]
    counts = PairCounts.of(embeddings(1300, 1), labels, np.array([3.0]))
    genuine = sum(size * (size - 1) // 2 for size in np.bincount(labels))
    assert (counts.genuine_pairs, counts.impostor_pairs) == (genuine, 1300 * 1299 // 2 - genuine)
    assert (counts.genuine.tolist(), counts.impostor.tolist()) == ([genuine], [counts.impostor_pairs])


@given(st.lists(st.integers(0, 4), min_size=4, max_size=40), st.integers(0, 10_000))
def test_counts_make_a_calibration_that_round_trips_through_csv(labels: list[int], seed: int) -> None:
    counts = PairCounts.of(embeddings(len(labels), seed), labels, THRESHOLDS)
    assert (np.diff(counts.fa_r) >= 0).all()
    assert (np.diff(counts.fr_r) <= 0).all()
    table = Calibration.of_csv(Calibration(THRESHOLDS, counts.fa_r, counts.fr_r).to_csv(["measured"]))
    for row in (0, 31, 63):
        rates = table.rates(float(THRESHOLDS[row]))
        assert rates.fa_r == pytest.approx(counts.fa_r[row], abs=1e-3)
        assert rates.fr_r == pytest.approx(counts.fr_r[row], abs=1e-3)
