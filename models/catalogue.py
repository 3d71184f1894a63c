"""The services that there are, found by looking into the packages that hold them."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from inspect import getmembers, isabstract, isclass
from pkgutil import walk_packages
from types import MappingProxyType

from models.service import Service

Catalogue = Mapping[str, type[Service]]
"""Services by public name, in alphabetical order."""

PACKAGES = ("models.services",)
DEFAULT_MODULES = frozenset({"face-detector-liveness-estimator"})


@cache
def services(modules: Collection[str] = DEFAULT_MODULES) -> Catalogue:
    """The services of a deployment.

    Args:
        modules: where several services share a name, the modules that the deployment chooses.
    """
    chosen = [service for service in all_services() if service.module is None or service.module in modules]
    by_name = {service.name: service for service in chosen}
    if len(by_name) < len(chosen):
        raise ValueError("two services share a name, and no module was chosen")
    return MappingProxyType(dict(sorted(by_name.items())))


@cache
def all_services() -> tuple[type[Service], ...]:
    """All services, those that share a name included."""
    return tuple(_concrete_services())


def _concrete_services() -> Iterator[type[Service]]:
    for package in PACKAGES:
        for module in walk_packages(import_module(package).__path__, prefix=f"{package}."):
            for _, member in getmembers(import_module(module.name), isclass):
                if issubclass(member, Service) and not isabstract(member) and member.__module__ == module.name:
                    yield member
