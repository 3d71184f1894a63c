"""The services of this installation and their outputs, found in the package `models.services`."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from inspect import getmembers, isabstract, isclass
from pkgutil import walk_packages
from types import MappingProxyType
from typing import Any

from models.declaration import check_declarations
from models.output import Output
from models.service import MatchingService, Service

Catalogue = Mapping[str, type[Service]]
"""Services by public name, in alphabetical order."""

DEFAULT_MODULES = frozenset({"face-detector-liveness-estimator"})

_PACKAGE = "models.services"
# The order in which answers and tables have had these from the beginning; other outputs follow in alphabetical order.
_FIRST_OUTPUTS = ("age", "gender", "emotions", "liveness", "mask", "quality", "template", "verification")


@cache
def services(modules: Collection[str] = DEFAULT_MODULES) -> Catalogue:
    """The services of a deployment.

    Args:
        modules: where several services share a name, the modules that the deployment chooses.

    Raises:
        DeclarationError: a service declares something wrong.
        ValueError: `modules` has two modules of one service.
    """
    chosen = [service for service in all_services() if service.module is None or service.module in modules]
    by_name = {service.name: service for service in chosen}
    if len(by_name) < len(chosen):
        raise ValueError(f"a service can run one module only; chosen were {', '.join(sorted(modules))}")
    return MappingProxyType(dict(sorted(by_name.items())))


@cache
def all_services() -> tuple[type[Service], ...]:
    """All services, including those that share a name.

    Raises:
        DeclarationError: a service declares something wrong.
    """
    found = tuple(_defined_services())
    check_declarations(found)
    return found


@cache
def object_outputs() -> tuple[Output[Any], ...]:
    """The outputs that belong to an object of a sample, in the order in which answers show them.

    Raises:
        DeclarationError: a service declares something wrong.
    """
    return _outputs(service for service in all_services() if not issubclass(service, MatchingService))


@cache
def sample_outputs() -> tuple[Output[Any], ...]:
    """The outputs that belong to a whole sample.

    Raises:
        DeclarationError: a service declares something wrong.
    """
    return _outputs(service for service in all_services() if issubclass(service, MatchingService))


def declaring_service(output: Output[Any]) -> type[Service]:
    """A service that gives the output."""
    return next(service for service in all_services() if output in service.gives)


def _outputs(services: Iterator[type[Service]]) -> tuple[Output[Any], ...]:
    found = {field for service in services for field in service.gives if isinstance(field, Output)}
    return tuple(sorted(found, key=_position))


def _position(output: Output[Any]) -> tuple[int, str]:
    known = output.name in _FIRST_OUTPUTS
    return _FIRST_OUTPUTS.index(output.name) if known else len(_FIRST_OUTPUTS), output.name


def _defined_services() -> Iterator[type[Service]]:
    """The classes of the package, without abstract ones that others are derived from."""
    names = [module.name for module in walk_packages(import_module(_PACKAGE).__path__, prefix=f"{_PACKAGE}.")]
    for module in [import_module(name) for name in names]:
        for _, member in getmembers(module, isclass):
            if member.__module__ == module.__name__ and issubclass(member, Service):
                if isabstract(member) and member.__subclasses__():
                    continue
                yield member
