"""What there is to ask for: services and presets."""

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic import Field as Key

from api.services.versions import routes_of
from api.state import ApiState, StateDep
from models.family import ModelFamily
from models.field import Field
from models.service import Service
from pipelines.dialects import DIALECTS
from pipelines.presets import PRESETS

router = APIRouter(tags=["deployment"])


class Limits(BaseModel):
    """What is too much for a service."""

    image_bytes: int
    pixels: int


class ServiceView(BaseModel):
    """A service, and how to call it."""

    name: str
    summary: str
    module: str | None = Key(None, description="of several that the deployment may choose from, the one that it chose")
    family: ModelFamily
    needs: list[Field]
    gives: list[Field]
    keys: dict[str, dict[str, str]] = Key(description="for each dialect, the key of each field")
    routes: list[str]
    limits: Limits


class OffersView(BaseModel):
    """All services, and the presets that are made of them."""

    services: list[ServiceView]
    presets: dict[str, tuple[str, ...]]


@router.get("/services", response_model=OffersView)
async def list_services(state: StateDep) -> OffersView:
    """What each service needs and gives, where it is called and what it refuses; and pipelines by name."""
    return OffersView(services=[_view(service, state) for service in state.catalogue.values()], presets=dict(PRESETS))


def _view(service: type[Service], state: ApiState) -> ServiceView:
    fields = service.needs | service.gives
    routes = [version.route(service.name, kind) for version, kind in routes_of(service)]
    limits = state.settings.limits
    return ServiceView(
        name=service.name,
        summary=(service.__doc__ or "").partition("\n")[0],
        module=service.module,
        family=service.family,
        needs=sorted(service.needs),
        gives=sorted(service.gives),
        keys={name: {field: dialect.key_of(field) for field in sorted(fields)} for name, dialect in DIALECTS.items()},
        routes=routes,
        limits=Limits(image_bytes=limits.image_bytes, pixels=min(limits.pixels, service.max_pixels or limits.pixels)),
    )
