"""Samples that hypothesis makes up: the outputs follow from the declarations of the services."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.catalogue import object_outputs
from models.networks.template import DIMENSION, Embedding, encode
from models.output import TEMPLATE, Output, Pose
from models.services.age_estimator import AgeEstimator
from models.services.gender_estimator import Gender, GenderEstimator
from models.value_types import ValueType, record_of, single_value
from pipelines.sample import Sample, SampleObject

unit = st.floats(0, 1)
angle = st.floats(-90, 90)
point = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
# Boxes have at least a hundredth of a side, and a pixel.
size = st.tuples(st.integers(101, 8000), st.integers(101, 8000))

SINGLE_VALUES: Mapping[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(),
    bytes: st.binary(),
}


@st.composite
def bboxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x1, y1 = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return x1, y1, draw(st.floats(x1 + 0.01, 1)), draw(st.floats(y1 + 0.01, 1))


@st.composite
def embeddings(draw: st.DrawFn) -> Embedding:
    """Of unit length."""
    values = draw(arrays(np.float32, DIMENSION, elements=st.floats(-1, 1, width=16)))
    values[0] += 2
    return values / np.linalg.norm(values)


def single_values(value_type: ValueType) -> st.SearchStrategy[Any]:
    """Values of a single type."""
    choices = value_type.choices
    values = SINGLE_VALUES[value_type.base] if choices is None else st.sampled_from(list(choices.values()))
    return st.none() | values if value_type.optional else values


def output_values(output: Output[Any]) -> st.SearchStrategy[Any]:
    """Values of an output, as far as the dialects keep them."""
    if output in SPELLED:
        return SPELLED[output]
    values = record_of(output.value_type)
    if values is None:
        return single_values(single_value(output.value_type))
    return st.builds(output.value_type, **{name: single_values(one) for name, one in values.items()})


SPELLED: Mapping[Output[Any], st.SearchStrategy[Any]] = {
    # Answers have whole years, and no confidence beside the gender.
    AgeEstimator.output: st.integers(0, 120).map(float),
    GenderEstimator.output: st.builds(Gender, value=st.sampled_from(["male", "female"]), confidence=st.none()),
    TEMPLATE: embeddings().map(encode),
}

faces = st.builds(
    SampleObject,
    id=st.just(0),
    object_class=st.just("face"),
    confidence=unit,
    bbox=bboxes(),
    landmarks=st.none() | st.lists(point, min_size=21, max_size=21),
    pose=st.none() | st.builds(Pose, yaw=angle, pitch=angle, roll=angle),
    **{output.name: st.none() | output_values(output) for output in object_outputs()},
)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    objects = draw(st.lists(faces, max_size=4))
    numbered = [item.model_copy(update={"id": index}) for index, item in enumerate(objects)]
    return Sample(size=draw(size), objects=numbered)
