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


def takes_image(service: type[Service], version: Version) -> bool:
    """Whether a service has an image route: one that detects has it always, one that needs only faces in 1.0."""
    if service.needs == {Field.IMAGE}:
        return True
    return service.needs == {Field.IMAGE, Field.BBOX} and version.name == "1.0"
