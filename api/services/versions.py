"""The versions of the service routes."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.field import Field
from models.service import Service
from pipelines.dialects import DIALECTS, Dialect


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the service routes.

    Attributes:
        name: as the documents call it.
        path: between the service and `/process`.
        dialect: that it speaks.
        headers: of each answer.
    """

    name: str
    path: str
    dialect: Dialect
    headers: Mapping[str, str] | None = None

    def route(self, service: str, kind: str) -> str:
        """The path of a service's route that takes samples or images."""
        return f"/{service}{self.path}/process/{kind}"

    @property
    def deprecated(self) -> bool:
        """Whether callers should move on."""
        return self.headers is not None


VERSIONS = (
    # RFC 9745: deprecated since 2026-01-01.
    Version("1.0", "", DIALECTS["v1"], {"Deprecation": "@1767225600"}),
    Version("v1", "/v1", DIALECTS["v1"]),
    Version("v2", "/v2", DIALECTS["v2"]),
)


# They came after 1.0.
_LATER = frozenset({"liveness-estimator", "template-extractor"})


def routes_of(service: type[Service]) -> list[tuple[Version, str]]:
    """The routes of a service: each version that has it, and the kinds that it takes there, `sample` or `image`.

    A service that detects takes images everywhere, one that needs no more than faces takes them in 1.0.
    """
    routes = []
    for version in VERSIONS:
        if version.deprecated and service.name in _LATER:
            continue
        routes.append((version, "sample"))
        if service.needs == {Field.IMAGE} or (version.deprecated and service.needs_only_boxes()):
            routes.append((version, "image"))
    return routes
