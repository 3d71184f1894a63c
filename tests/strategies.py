"""Samples that hypothesis makes up."""

from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.networks.head_pose import Pose
from models.networks.liveness import Liveness
from models.networks.template import DIMENSION, Embedding, encode
from models.quality.quality import Quality
from models.services.emotion_estimator import Emotions
from models.services.gender_estimator import Gender
from models.services.mask_estimator import Mask
from pipelines.sample import Sample, SampleObject

unit = st.floats(0, 1)
angle = st.floats(-90, 90)
point = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
size = st.tuples(st.integers(1, 8000), st.integers(1, 8000))


@st.composite
def bboxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x1, y1 = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return x1, y1, draw(st.floats(x1 + 0.01, 1)), draw(st.floats(y1 + 0.01, 1))


emotions = st.lists(unit, min_size=len(fields(Emotions)), max_size=len(fields(Emotions))).map(lambda p: Emotions(*p))
masks = st.builds(Mask, value=st.booleans(), confidence=unit)
livenesses = st.builds(Liveness, value=st.sampled_from(["real", "fake"]), confidence=unit)


@st.composite
def embeddings(draw: st.DrawFn) -> Embedding:
    """Of unit length."""
    values = draw(arrays(np.float32, DIMENSION, elements=st.floats(-1, 1, width=16)))
    values[0] += 2
    return values / np.linalg.norm(values)


@st.composite
def qualities(draw: st.DrawFn) -> Quality:
    kinds: dict[Any, st.SearchStrategy[Any]] = {bool: st.booleans(), int: st.integers(-255, 255)}
    return Quality(**{field.name: draw(kinds[field.type]) for field in fields(Quality)})


faces = st.builds(
    SampleObject,
    id=st.just(0),
    object_class=st.just("face"),
    confidence=unit,
    bbox=bboxes(),
    landmarks=st.none() | st.lists(point, min_size=21, max_size=21),
    pose=st.none() | st.builds(Pose, yaw=angle, pitch=angle, roll=angle),
    age=st.none() | st.integers(0, 120).map(float),
    gender=st.none() | st.builds(Gender, value=st.sampled_from(["male", "female"]), confidence=st.none()),
    emotions=st.none() | emotions,
    liveness=st.none() | livenesses,
    mask=st.none() | masks,
    quality=st.none() | qualities(),
    template=st.none() | embeddings().map(encode),
)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    objects = draw(st.lists(faces, max_size=4))
    numbered = [item.model_copy(update={"id": index}) for index, item in enumerate(objects)]
    return Sample(size=draw(size), objects=numbered)
