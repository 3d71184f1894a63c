"""The services that there are, found by looking into the packages that hold them."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from inspect import getmembers, isabstract, isclass
from pkgutil import iter_modules
from types import MappingProxyType

from models.service import Service

PACKAGES = ("models.face",)


@cache
def services() -> Mapping[str, type[Service]]:
    """All services by public name, in alphabetical order."""
    found = {service.name: service for service in _concrete_services()}
    return MappingProxyType(dict(sorted(found.items())))


def _concrete_services() -> Iterator[type[Service]]:
    for package in PACKAGES:
        for module in iter_modules(import_module(package).__path__, prefix=f"{package}."):
            for _, member in getmembers(import_module(module.name), isclass):
                if issubclass(member, Service) and not isabstract(member) and member.__module__ == module.name:
                    yield member
