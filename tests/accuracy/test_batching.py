"""Sharing batches changes no answer, whatever the model and however many threads share them."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.engine import ON_CPU, Engine
from config.settings import default_weights_dir
from models.catalogue import services
from models.errors import WeightsMissing
from models.family import ModelFamily
from models.runtime.batching import BatchingSession
from models.runtime.loaded import LoadedModels
from models.runtime.session import SessionSource, WarmableSession
from models.service import EstimatingService
from models.weights.fingerprint import probe
from models.weights.registry import WEIGHTS, Weights
from pipelines.chunk import Item
from pipelines.load import load_items
from pipelines.run import run_service
from pipelines.sample import Sample
from tests.accuracy.photos import NOBODY, STEADY, photo
from tests.tolerances import assert_alike, assert_outputs_alike

pytestmark = pytest.mark.weights

FOLDER = Path(os.environ.get("FACELINE_WEIGHTS_DIR") or default_weights_dir())
THREADS = 8


class Counting:
    """Notes how many rows each run of a session had."""

    def __init__(self, session: WarmableSession) -> None:
        self._session = session
        self.zeros = session.zeros
        self.sizes: list[int] = []

    def run(self, batch: Any) -> Any:
        self.sizes.append(len(batch))
        return self._session.run(batch)


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=lambda weights: weights.name)
def test_a_model_answers_through_shared_batches_as_it_does_alone(sessions: SessionSource, weights: Weights) -> None:
    try:
        model: Any = sessions(weights.name)
    except WeightsMissing as error:
        if "CI" in os.environ and weights.option is None:
            raise
        pytest.skip(str(error))
    requests = [
        np.stack([probe(weights.row, weights.value_range, 10 * thread + row) for row in range(1 + thread % 3)])
        for thread in range(THREADS)
    ]
    counting = Counting(model)
    with closing(BatchingSession(counting, max_rows=8)) as session, ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(session.run, requests))
    assert len(counting.sizes) < len(requests)
    for request, answer in zip(requests, answers, strict=True):
        for name, alone in model.run(request).items():
            assert_outputs_alike(answer[name], alone, name)


@pytest.fixture(scope="module")
def plain(sessions: SessionSource) -> LoadedModels:
    return loaded(ON_CPU)


@pytest.fixture(scope="module")
def sharing(sessions: SessionSource) -> Iterator[LoadedModels]:
    with closing(loaded(Engine(batching=True, max_rows=4))) as opened:
        yield opened


def loaded(engine: Engine) -> LoadedModels:
    opened = LoadedModels(services(), FOLDER, engine)
    opened.load(ModelFamily)
    return opened


def enriched(sessions: LoadedModels, name: str) -> Any:
    """The sample of a photo after the fitter and all services that judge faces."""
    item = Item(sample=Sample(), blob=name)
    frames = load_items([item], photo)
    estimators = [name for name, service in services().items() if issubclass(service, EstimatingService)]
    for service in ("face-detector-face-fitter", *estimators):
        run_service(sessions.service(service), frames, fail_fast=True)
    assert item.failures == []
    return item.sample.model_dump()


def test_all_services_answer_through_shared_batches_as_they_do_alone(
    plain: LoadedModels, sharing: LoadedModels
) -> None:
    names = [*STEADY, NOBODY, *STEADY]
    with ThreadPoolExecutor(THREADS) as pool:
        shared = list(pool.map(lambda name: enriched(sharing, name), names))
    for name, sample in zip(names, shared, strict=True):
        assert_alike(sample, enriched(plain, name))
        assert bool(sample["objects"]) == (name in STEADY)


def test_every_model_can_be_asked_how_fast_it_is(sharing: LoadedModels) -> None:
    took = sharing.run_each_once()
    assert list(took) == sharing.loaded
    assert all(ms > 0 for ms in took.values())


def test_models_that_were_unloaded_are_loaded_again_on_use(sessions: SessionSource) -> None:
    opened = LoadedModels(services(), FOLDER, ON_CPU)
    opened.service("mask-estimator")
    assert (opened.loaded, opened.loaded_services) == (["mask", "yunet"], ["mask-estimator"])
    opened.unload()
    assert (opened.loaded, opened.loaded_services) == ([], [])
    opened.service("mask-estimator")
    assert opened.loaded == ["mask", "yunet"]
