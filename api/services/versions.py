"""The versions of the service routes."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.output import IMAGE
from models.service import Service
from pipelines.dialects import DIALECTS, Dialect


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the service routes.

    Attributes:
        name: in the documents.
        path: between the service and `/process`.
        dialect: of its samples.
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
        """Whether callers should use a newer version."""
        return self.headers is not None


VERSIONS = (
    # RFC 9745: deprecated since 2026-01-01.
    Version("1.0", "", DIALECTS["v1"], {"Deprecation": "@1767225600"}),
    Version("v1", "/v1", DIALECTS["v1"]),
    Version("v2", "/v2", DIALECTS["v2"]),
)


def routes_of(service: type[Service]) -> list[tuple[Version, str]]:
    """The routes of a service: the versions that have it, and what it takes there: `sample` or `image`.

    A service that needs only an image takes images in all versions. In 1.0, a service that needs an image and faces,
    and nothing else, takes images too.
    """
    routes = []
    for version in VERSIONS:
        if version.deprecated and not service.in_version_1_0:
            continue
        routes.append((version, "sample"))
        if service.needs == {IMAGE} or (version.deprecated and service.needs_only_boxes()):
            routes.append((version, "image"))
    return routes
