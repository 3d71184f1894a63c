"""A declaration that cannot be derived stops the process, with a sentence that says what to change and where."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from models.catalogue import all_services
from models.declaration import check_declarations
from models.errors import DeclarationError
from models.family import ModelFamily
from models.imaging.decode import Image
from models.output import BBOX, IMAGE, Output
from models.runtime.session import SessionSource
from models.service import DetectingService, EstimatingService, Face, Found, MatchingService, Service

FILE = "tests/unit/models/test_declaration.py"


@dataclass(frozen=True, slots=True)
class Hat:
    """Whether a face wears a hat."""

    value: bool
    confidence: float | None


@dataclass(slots=True)
class Changeable:
    """A hat that can be changed."""

    value: bool


@dataclass(frozen=True)
class Undescribed:
    value: bool


@dataclass(frozen=True)
class Nested:
    """A hat of hats."""

    hats: list[int]


@dataclass(frozen=True)
class Empty:
    """Whether a face wears a hat, or not."""

    value: bool | None


class Shades(StrEnum):
    """Colours that v1 cannot tell apart."""

    LIGHT = "red"
    DARK = "RED"


class Estimator(EstimatingService[Any]):
    """Estimates hats."""

    name = "hat-estimator"
    family = ModelFamily.FACE_ATTRIBUTES
    output = Output("hat", Hat)

    def __init__(self, sessions: SessionSource) -> None:
        pass

    def estimate(self, faces: Sequence[Face]) -> list[Any]:
        return []


class Detector(DetectingService):
    """Finds hats."""

    name = "hat-detector"
    family = ModelFamily.FACE_DETECTION
    outputs = (BBOX, Estimator.output)

    def __init__(self, sessions: SessionSource) -> None:
        pass

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        return []


def refusal(service: type[Service], *others: type[Service]) -> str:
    """What the process says of a service that it stops over; other services of the catalogue are right."""
    with pytest.raises(DeclarationError) as refused:
        check_declarations([service, *others, *all_services()])
    where, _, problem = str(refused.value).partition(": ")
    assert where == f"{service.__name__} in {FILE}"
    return problem


def declared(**attributes: Any) -> type[Estimator]:
    """An estimator with other attributes."""
    return type("Wrong", (Estimator,), {"__doc__": "Estimates hats.", "__module__": __name__, **attributes})


def test_a_complete_declaration_is_accepted() -> None:
    check_declarations([*all_services(), Estimator, Detector])


def test_docstring_is_needed() -> None:
    assert "the docstring is missing" in refusal(declared(__doc__=None))


@pytest.mark.parametrize("attribute", ["name", "family", "output"])
def test_attribute_is_needed(attribute: str) -> None:
    class Wrong(EstimatingService[Any]):
        """Estimates hats."""

        def __init__(self, sessions: SessionSource) -> None:
            pass

        def estimate(self, faces: Sequence[Face]) -> list[Any]:
            return []

    for other in {"name", "family", "output"} - {attribute}:
        setattr(Wrong, other, getattr(Estimator, other))
    assert f"`{attribute}` is missing" in refusal(Wrong)


def test_a_detector_needs_outputs() -> None:
    class Wrong(Detector):
        """Finds hats."""

        outputs = ()

    assert "`outputs` is missing" in refusal(Wrong)


def test_methods_are_needed() -> None:
    class Wrong(EstimatingService[Any]):
        """Estimates hats."""

        name, family, output = Estimator.name, Estimator.family, Estimator.output

        def __init__(self, sessions: SessionSource) -> None:
            pass

    assert refusal(Wrong) == "it does not define `estimate`"


def test_a_service_detects_estimates_or_matches() -> None:
    class Wrong(Service):
        """Does something else."""

        name, family = Estimator.name, Estimator.family

        def __init__(self, sessions: SessionSource) -> None:
            pass

    assert "no DetectingService, EstimatingService or MatchingService" in refusal(Wrong)


@pytest.mark.parametrize("name", ["hats", "hat_estimator", "HatEstimator", "hat estimator"])
def test_names_of_services_are_in_kebab_case(name: str) -> None:
    assert "kebab-case" in refusal(declared(name=name))


def test_the_family_is_one_of_those_that_have_workers() -> None:
    assert "declare a `ModelFamily`" in refusal(declared(family="hats"))


def test_models_are_in_the_registry() -> None:
    assert "names hatnet; models/weights/registry.py" in refusal(declared(weights=("yunet", "hatnet")))


@pytest.mark.parametrize("name", ["Hat", "hat-size", "hat size", "_hat", "2hats", ""])
def test_names_of_outputs_are_in_snake_case(name: str) -> None:
    assert "is not in snake_case" in refusal(declared(output=Output(name, Hat)))


@pytest.mark.parametrize("name", ["image", "confidence", "bbox", "landmarks", "pose"])
def test_names_of_core_fields_are_taken(name: str) -> None:
    assert "has the name of a core field" in refusal(declared(output=Output(name, Hat)))


def test_records_are_frozen() -> None:
    assert "`Changeable` is not frozen" in refusal(declared(output=Output("hat", Changeable)))


def test_records_have_a_docstring() -> None:
    assert "`Undescribed` has no docstring" in refusal(declared(output=Output("hat", Undescribed)))


@pytest.mark.parametrize(
    ("value_type", "named"),
    [
        (Nested, r"`Nested\.hats` is list\[int\]"),
        (list, "list"),
        (complex, "complex"),
        (Shades, "Shades"),
        (Empty, "`Empty` has no value"),
    ],
)
def test_types_can_be_written(value_type: type, named: str) -> None:
    problem = refusal(declared(output=Output("hat", value_type)))
    assert re.match(f"the output `hat` cannot be written: {named}[;, ]", problem)


def test_names_of_services_are_unique() -> None:
    assert f"Detector in {FILE} has the name hat-detector too" in refusal(declared(name="hat-detector"), Detector)


def test_an_output_has_one_type() -> None:
    service = declared(name="other-estimator", output=Output("hat", bool))
    assert f"Estimator in {FILE} declares the output `hat` with another type" in refusal(service, Estimator)


def test_an_output_belongs_to_objects_or_to_the_sample() -> None:
    class Wrong(MatchingService[Any]):
        """Compares hats."""

        name, family, output = "hat-matcher", ModelFamily.MATCHING, Estimator.output

        def __init__(self, sessions: SessionSource) -> None:
            pass

        def match(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[Any]:
            return []

    assert f"Estimator in {FILE} gives the output `hat` to objects" in refusal(Wrong, Estimator)


def test_needs_are_given_by_a_service() -> None:
    shoes = Output("shoes", bool)
    assert "`needs` has shoes, which no service gives" in refusal(declared(needs=frozenset({IMAGE, shoes})))
