"""What holds for every service, derived from what it declares."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.catalogue import all_services, services
from models.errors import WeightsMissing
from models.output import IMAGE, Output
from models.runtime.session import Session
from models.service import DetectingService, EstimatingService, MatchingService, Service
from pipelines.dialects import DIALECTS
from pipelines.presets import PRESETS
from pipelines.sample import Sample, SampleObject
from pipelines.tables.columns import object_columns

ROOT = Path(__file__).parents[2]


class Untouched:
    """Sessions that must not run, of all models without `missing`; it records which were given."""

    def __init__(self, missing: Collection[str] = ()) -> None:
        self._missing = missing
        self.given: set[str] = set()

    def __call__(self, model: str) -> Session:
        if model in self._missing:
            raise WeightsMissing(model)
        self.given.add(model)
        return self

    def run(self, batch: Any) -> Any:
        raise AssertionError("an empty batch reached a network")


each_service = pytest.mark.parametrize("service", all_services(), ids=lambda service: service.module or service.name)


@each_service
def test_it_asks_for_the_models_that_it_declares(service: type[Service]) -> None:
    sessions = Untouched(missing=service.optional_weights)
    service(sessions)
    assert sessions.given == set(service.weights)
    everything = Untouched()
    service(everything)
    assert everything.given <= {*service.weights, *service.optional_weights}
    assert everything.given >= set(service.optional_weights)


@each_service
def test_an_empty_batch_never_reaches_a_network(service: type[Service]) -> None:
    made = service(Untouched())
    if isinstance(made, DetectingService):
        assert made.detect([]) == []
    elif isinstance(made, EstimatingService):
        assert made.estimate([]) == []


@each_service
def test_every_dialect_spells_what_it_needs_and_gives(service: type[Service]) -> None:
    for field in (service.needs | service.gives) - {IMAGE}:
        assert field.name in SampleObject.model_fields or field.name in Sample.model_fields
        for dialect in DIALECTS.values():
            assert dialect.key_of(field)


@each_service
def test_it_says_what_it_does(service: type[Service]) -> None:
    first = (service.__doc__ or "").partition("\n")[0]
    assert first.endswith(".")
    assert service.__doc__ != Service.__doc__


@each_service
def test_its_outputs_have_a_slot_a_key_in_each_dialect_and_columns(service: type[Service]) -> None:
    for output in service.gives:
        if not isinstance(output, Output):
            continue
        of_sample = issubclass(service, MatchingService)
        slots = Sample.model_fields if of_sample else SampleObject.model_fields
        assert slots[output.name].annotation == output.value_type | None
        for dialect in DIALECTS.values():
            assert output in (dialect.sample_codecs if of_sample else dialect.codecs)
        assert bool(object_columns([output.name])) is not of_sample


def test_docker_compose_runs_a_worker_for_each_family_that_has_services() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    commands = [part["command"] for part in compose["services"].values() if isinstance(part.get("command"), list)]
    consumed = {family for command in commands if command[0] == "worker" for family in command[1:]}
    assert consumed == {service.family for service in services().values()}


def test_presets_are_made_of_services_that_there_are() -> None:
    for names in PRESETS.values():
        assert set(names) <= set(services())
