"""Checks the declarations of all services when a process starts; a wrong one raises `DeclarationError`."""

import re
from collections.abc import Sequence
from dataclasses import is_dataclass
from inspect import isabstract
from typing import Any, NoReturn

from models.errors import DeclarationError
from models.family import ModelFamily
from models.output import CORE_FIELDS, IMAGE, Output
from models.service import DetectingService, MatchingService, OutputService, Service
from models.value_types import record_of, single_value
from models.weights.registry import WEIGHTS

_SERVICE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_OUTPUT_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NEEDED = {"name": "a text in kebab-case", "family": "a `ModelFamily`"}


def refuse(service: type[Service], problem: str) -> NoReturn:
    """Stop the process over a declaration.

    Raises:
        DeclarationError: always; names the class and its file.
    """
    raise DeclarationError(f"{_class_and_file(service)}: {problem}")


def _class_and_file(service: type[Service]) -> str:
    return f"{service.__name__} in {service.__module__.replace('.', '/')}.py"


def check_declarations(services: Sequence[type[Service]]) -> None:
    """Check all services of the catalogue, each by itself and then together.

    Raises:
        DeclarationError: something is missing or cannot be derived.
    """
    for service in services:
        _check_attributes(service)
        _check_outputs(service)
    for service in services:
        _check_together(service, services)


def _check_attributes(service: type[Service]) -> None:
    if isabstract(service):
        methods = ", ".join(f"`{name}`" for name in sorted(service.__abstractmethods__))
        refuse(service, f"it does not define {methods}")
    if not (service.__doc__ or "").strip():
        refuse(service, "the docstring is missing; its first line is the summary in the documents")
    for attribute, kind in _NEEDED.items():
        if not hasattr(service, attribute):
            refuse(service, f"`{attribute}` is missing; declare {kind}")
    if not _SERVICE_NAME.fullmatch(service.name):
        refuse(service, f"`name` is {service.name!r}; service names are in kebab-case, with at least one hyphen")
    if not isinstance(service.family, ModelFamily):
        refuse(service, f"`family` is {service.family!r}; declare a `ModelFamily`")
    if unknown := sorted({*service.weights, *service.optional_weights} - WEIGHTS.keys()):
        refuse(service, f"`weights` names {', '.join(unknown)}; models/weights/registry.py has no such model")


def _check_outputs(service: type[Service]) -> None:
    if issubclass(service, DetectingService):
        if not getattr(service, "outputs", ()):
            refuse(service, "`outputs` is missing; declare the fields of the objects that it finds")
        outputs = [field for field in service.outputs if isinstance(field, Output)]
    elif issubclass(service, OutputService):
        if not isinstance(getattr(service, "output", None), Output):
            refuse(service, '`output` is missing; declare Output("name", type)')
        outputs = [service.output]
    else:
        refuse(service, "it is no DetectingService, EstimatingService or MatchingService")
    for output in outputs:
        _check_output(service, output)


def _check_output(service: type[Service], output: Output[Any]) -> None:
    if not _OUTPUT_NAME.fullmatch(output.name):
        refuse(service, f"the output {output.name!r} is not in snake_case")
    if output.name in {field.name for field in CORE_FIELDS}:
        refuse(service, f"the output `{output.name}` has the name of a core field; choose another name")
    value_type = output.value_type
    if is_dataclass(value_type):
        if not value_type.__dataclass_params__.frozen:  # type: ignore[attr-defined] # the standard library's own mark
            refuse(
                service, f"`{value_type.__name__}` is not frozen; declare it with @dataclass(frozen=True, slots=True)"
            )
        # A dataclass without a docstring gets its signature as one.
        if (value_type.__doc__ or "").startswith(f"{value_type.__name__}("):
            refuse(service, f"`{value_type.__name__}` has no docstring; it describes the output in the schemas")
    try:
        if record_of(value_type) is None:
            single_value(value_type)
    except TypeError as error:
        refuse(service, f"the output `{output.name}` cannot be written: {error}")


def _check_together(service: type[Service], services: Sequence[type[Service]]) -> None:
    given = {field for other in services for field in other.gives} | {IMAGE}
    if lacking := sorted(field.name for field in service.needs - given):
        refuse(service, f"`needs` has {', '.join(lacking)}, which no service gives")
    for other in services:
        if other is not service:
            _check_pair(service, other)


def _check_pair(service: type[Service], other: type[Service]) -> None:
    named = _class_and_file(other)
    if other.name == service.name and (service.module is None or service.module == other.module):
        refuse(service, f"{named} has the name {service.name} too; choose another for one")
    mine = {field.name: field for field in service.gives}
    for theirs in other.gives:
        if theirs.name not in mine:
            continue
        if mine[theirs.name] != theirs:
            refuse(service, f"{named} declares the output `{theirs.name}` with another type")
        if issubclass(service, MatchingService) and not issubclass(other, MatchingService):
            refuse(service, f"{named} gives the output `{theirs.name}` to objects; choose another name")
