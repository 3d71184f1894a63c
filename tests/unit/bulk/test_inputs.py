from hypothesis import given
from hypothesis import strategies as st

from bulk.inputs import Input, chunks, shuffled
from jobs.reference import Reference


def inputs(count: int) -> list[Input]:
    return [Input(f"{number}.jpg", Reference(f"/photos/{number}.jpg")) for number in range(count)]


def names(found: list[Input]) -> list[str]:
    return [one.name for one in found]


@given(st.integers(0, 60), st.integers(1, 20), st.integers())
def test_a_shuffle_keeps_each_input_once_and_depends_on_its_seed_alone(count: int, window: int, seed: int) -> None:
    mixed = names(list(shuffled(inputs(count), seed, window)))
    assert sorted(mixed) == sorted(names(inputs(count)))
    assert mixed == names(list(shuffled(inputs(count), seed, window)))


def test_a_shuffle_mixes_and_another_seed_mixes_otherwise() -> None:
    one, other = (names(list(shuffled(inputs(100), seed, 10))) for seed in (1, 2))
    assert one != other != names(inputs(100)) != one


def test_a_shuffle_begins_before_its_source_has_ended() -> None:
    source = iter(inputs(100))
    next(shuffled(source, seed=1, window=10))
    assert len(list(source)) == 89


@given(st.integers(0, 50), st.integers(1, 10))
def test_chunks_hold_each_input_once_in_order(count: int, size: int) -> None:
    cut = list(chunks(inputs(count), size))
    assert [one for chunk in cut for one in chunk.inputs] == inputs(count)
    assert [chunk.number for chunk in cut] == list(range(len(cut)))
    assert all(len(chunk.inputs) == size for chunk in cut[:-1])


def test_the_fingerprint_of_a_chunk_tells_other_names_and_another_order() -> None:
    one, two, three = inputs(3)
    prints = {next(chunks(cut, 9)).fingerprint for cut in ([one, two], [two, one], [one, three], [one])}
    assert len(prints) == 4
    assert next(chunks([one, two], 9)).fingerprint == next(chunks([one, two], 9)).fingerprint
