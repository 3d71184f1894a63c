from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.networks.template import DIMENSION, Embedding, InvalidTemplate, TemplateDamaged, encode
from models.runtime.session import Session
from models.services.verify_matcher import Verification, VerifyMatcher


def no_session(name: str) -> Session:
    raise AssertionError(f"{name} was asked for")


MATCHER = VerifyMatcher(no_session)


def unit(values: Embedding) -> Embedding:
    length = np.linalg.norm(values)
    assume(length > 0.01)
    return np.asarray(values / length, np.float32)


templates = arrays.arrays(np.float32, DIMENSION, elements=st.floats(-1, 1, width=32)).map(unit).map(encode)


def at_angle(radians: float) -> bytes:
    """The template of an embedding that is so far from `at_angle(0)`."""
    embedding = np.zeros(DIMENSION, np.float32)
    embedding[:2] = np.cos(radians), np.sin(radians)
    return encode(embedding)


def match(first: bytes, second: bytes) -> Verification:
    (verification,) = MATCHER.match([(first, second)])
    return verification


@given(templates, templates)
def test_it_does_not_matter_which_comes_first(first: bytes, second: bytes) -> None:
    assert match(first, second) == match(second, first)


@given(templates)
def test_equal_templates_have_no_distance(template: bytes) -> None:
    verification = match(template, template)
    assert (verification.distance, verification.fa_r, verification.score) == (0, 0, 1)


@given(templates, templates)
def test_everything_lies_in_its_range(first: bytes, second: bytes) -> None:
    distance, *rates = astuple(match(first, second))
    assert isinstance(distance, int)
    assert 0 <= distance <= 15000
    assert all(0 <= rate <= 1 for rate in rates)


@given(st.floats(0, np.pi), st.floats(0, np.pi))
def test_the_less_alike_the_farther_the_likelier_false_the_lower_the_score(first: float, second: float) -> None:
    near, far = (match(at_angle(0), at_angle(angle)) for angle in sorted((first, second)))
    assert near.distance <= far.distance + 2  # float16 rounds
    assume(near.distance <= far.distance)
    assert near.fa_r <= far.fa_r
    assert near.fr_r >= far.fr_r
    assert near.score >= far.score


@pytest.mark.parametrize(("radians", "distance"), [(0, 0), (np.pi / 3, 3750), (np.pi / 2, 7500), (np.pi, 15000)])
def test_a_distance_is_the_dissimilarity_in_steps(radians: float, distance: int) -> None:
    assert match(at_angle(0), at_angle(radians)).distance == pytest.approx(distance, abs=2)


def test_opposite_faces_are_surely_two() -> None:
    opposite = match(at_angle(0), at_angle(np.pi))
    assert (opposite.fa_r, opposite.fr_r, opposite.score) == (1, 0, 0)


def test_each_pair_has_its_own_answer() -> None:
    pairs = [(at_angle(0), at_angle(angle)) for angle in (0, 1, 2)]
    assert MATCHER.match(pairs) == [match(*pair) for pair in pairs]
    assert MATCHER.match([]) == []


@pytest.mark.parametrize("flipped", [0, 1])
def test_a_damaged_template_is_an_error_on_either_side(flipped: int) -> None:
    pair = [at_angle(0), at_angle(1)]
    pair[flipped] = pair[flipped][:-1] + b"\x55"
    with pytest.raises(TemplateDamaged):
        match(*pair)


def test_what_is_no_template_is_an_error() -> None:
    with pytest.raises(InvalidTemplate):
        match(at_angle(0), b"no template")
