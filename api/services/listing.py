"""`GET /services`: the services of the deployment, and the presets."""

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic import Field as Key

from api.parts import PartsDep
from api.services.versions import routes_of
from config.settings import LimitSettings
from models.family import ModelFamily
from models.service import Service
from pipelines.dialects import DIALECTS
from pipelines.presets import PRESETS

router = APIRouter(tags=["deployment"])


class Limits(BaseModel):
    """The largest image that a service takes."""

    image_bytes: int = Key(description="of the encoded image")
    pixels: int = Key(description="width times height")


class ServiceView(BaseModel):
    """A service, and how to call it."""

    name: str = Key(description="in paths and in `services` of jobs")
    summary: str = Key(description="what it does")
    module: str | None = Key(None, description="the module that the deployment chose, where a service has several")
    family: ModelFamily = Key(description="whose workers run it")
    needs: list[str] = Key(description="the fields that a sample must have")
    gives: list[str] = Key(description="the fields that it adds")
    keys: dict[str, dict[str, str]] = Key(description="for each dialect, the key of each field")
    routes: list[str] = Key(description="the paths where it is called")
    limits: Limits = Key(description="the largest image that it takes")


class OffersView(BaseModel):
    """All services, and the presets that are made of them."""

    services: list[ServiceView] = Key(description="all services of the deployment")
    presets: dict[str, list[str]] = Key(description="the services of each preset, in their order")


@router.get("/services", response_model=OffersView, response_description="The services and presets.")
async def list_services(parts: PartsDep) -> OffersView:
    """What each service needs and gives, where it is called and what it refuses; and pipelines by name."""
    views = [service_view(service, parts.settings.limits) for service in parts.catalogue.values()]
    return OffersView(services=views, presets={name: list(names) for name, names in PRESETS.items()})


def service_view(service: type[Service], limits: LimitSettings) -> ServiceView:
    """What `GET /services` says of a service."""
    fields = sorted(service.needs | service.gives, key=lambda field: field.name)
    routes = [version.route(service.name, kind) for version, kind in routes_of(service)]
    return ServiceView(
        name=service.name,
        summary=service.summary(),
        module=service.module,
        family=service.family,
        needs=sorted(field.name for field in service.needs),
        gives=sorted(field.name for field in service.gives),
        keys={name: {field.name: dialect.key_of(field) for field in fields} for name, dialect in DIALECTS.items()},
        routes=routes,
        limits=Limits(image_bytes=limits.image_bytes, pixels=min(limits.pixels, service.max_pixels or limits.pixels)),
    )
