"""`GET /services`: the services of the deployment, and the presets."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic import Field as Key

from api.access import KeyHolder
from api.batches.row_formats import row_types
from api.parts import PartsDep
from api.services.versions import routes_of
from config.settings import LimitSettings
from models.calibration.operating_points import PURPOSES, Purpose
from models.family import ModelFamily
from models.quality.checks import CHECKS, Rule
from models.service import MatchingService, ObjectClass, Service
from models.services.quality_estimator import QualityAssessmentEstimator
from pipelines.dialects import DIALECTS
from pipelines.presets import PAIR_PRESETS, PRESETS

router = APIRouter(tags=["deployment"])


class Limits(BaseModel):
    """The largest image that a service takes."""

    image_bytes: int = Key(description="of the encoded image")
    pixels: int = Key(description="width times height")


class OperatingPointView(BaseModel):
    """A recommended threshold on the distance: two faces at most this far apart count as one person."""

    name: Purpose = Key(description="the purpose that it is recommended for")
    fa_r: float = Key(description="the share of pairs of random people that it accepts, at most (news photos)")
    look_alike_rate: float = Key(
        description="the share of pairs of adults of the same sex, age (within 5 years) and origin that it accepts"
    )
    max_distance: int = Key(description="the largest `distance` that counts as one person")


class RecommendedPointView(OperatingPointView):
    """An operating point, and what it is for."""

    purpose: str = Key(description="what it is recommended for, for people")


class ErrorRatesView(BaseModel):
    """How often a threshold on the distance errs."""

    distance: int = Key(description="the threshold")
    fa_r: float = Key(description="the share of pairs of random people that it accepts (news photos)")
    fr_r: float = Key(description="the share of pairs of one person that it rejects")
    look_alike_rate: float = Key(description="the share of look-alikes that it accepts, as in `operating_points`")


class QualityCheckView(BaseModel):
    """A check of the quality of a photo, and its threshold."""

    flag: str = Key(description="the field of the answer that says whether it passes, in v2")
    passes: bool = Key(description="the value of the flag where the photo passes")
    measures: list[str] = Key(
        description="the fields with the numbers that the flag follows from; none are published for some"
    )
    rule: Rule = Key(description="what each number has to be; `within`: from minus to plus the threshold")
    threshold: float = Key(
        description="scores are from 0 to 100 here, as in v1; v2 divides all fields `…_score` by 100"
    )


class ServiceView(BaseModel):
    """A service, and how to call it."""

    name: str = Key(description="in paths and in `services` of jobs")
    summary: str = Key(description="what it does")
    module: str | None = Key(None, description="the module that the deployment chose, where a service has several")
    family: ModelFamily = Key(description="whose workers run it")
    object_class: ObjectClass = Key(description="the class of the objects that it finds or takes")
    needs: list[str] = Key(description="the fields that a sample must have")
    gives: list[str] = Key(description="the fields that it adds")
    keys: dict[str, dict[str, str]] = Key(description="for each dialect, the key of each field")
    routes: list[str] = Key(description="the paths where it is called")
    limits: Limits = Key(description="the largest image that it takes")
    operating_points: list[RecommendedPointView] = Key(
        description="recommended thresholds by purpose; empty for services that do not compare faces"
    )
    error_curve: list[ErrorRatesView] = Key(
        description="how often thresholds err; empty for services that do not compare faces"
    )
    checks: list[QualityCheckView] = Key(description="what it checks; empty for services that do not measure quality")


class KeepingView(BaseModel):
    """How long results are kept. A photo is deleted at the end of its job, unless its caller asks for it."""

    ttl_s: int = Key(description="how long a result is kept after the end of its job, in seconds")
    max_ttl_s: int = Key(description="the longest time that a caller may ask for, in seconds")


class BatchLimits(BaseModel):
    """The most that a batch may have, and the formats of its results."""

    requests: int = Key(description="of one batch")
    body_bytes: int = Key(description="of the body of one batch")
    formats: list[str] = Key(description="the media types of `/output` and `/errors` that this deployment can write")


class OffersView(BaseModel):
    """All services, and the presets that are made of them."""

    services: list[ServiceView] = Key(description="all services of the deployment")
    presets: dict[str, list[str]] = Key(
        description="the services of each preset, in their order; `verify` takes two photos"
    )
    keeping: KeepingView = Key(description="how long results are kept")
    batches: BatchLimits = Key(description="the most that a batch may have, and the formats of its results")


@router.get("/services", response_model=OffersView, response_description="The services and presets.")
async def list_services(parts: PartsDep, _: KeyHolder) -> OffersView:
    """What each service needs and gives, where it is called and what it refuses; and pipelines by name."""
    settings = parts.settings
    return OffersView(
        services=[service_view(service, settings.limits) for service in parts.catalogue.values()],
        presets={name: list(names) for name, names in {**PRESETS, **PAIR_PRESETS}.items()},
        keeping=KeepingView(ttl_s=settings.jobs.ttl_s, max_ttl_s=settings.jobs.max_ttl_s),
        batches=BatchLimits(
            requests=settings.batches.requests, body_bytes=settings.batches.body_bytes, formats=row_types()
        ),
    )


def service_view(service: type[Service], limits: LimitSettings) -> ServiceView:
    """What `GET /services` says of a service."""
    fields = sorted(service.needs | service.gives, key=lambda field: field.name)
    points = service.operating_points if issubclass(service, MatchingService) else ()
    curve = service.error_curve if issubclass(service, MatchingService) else ()
    checks = CHECKS if issubclass(service, QualityAssessmentEstimator) else ()
    routes = [version.route(service.name, kind) for version, kind in routes_of(service)]
    return ServiceView(
        name=service.name,
        summary=service.summary(),
        module=service.module,
        family=service.family,
        object_class=service.object_class,
        needs=sorted(field.name for field in service.needs),
        gives=sorted(field.name for field in service.gives),
        keys={name: {field.name: dialect.key_of(field) for field in fields} for name, dialect in DIALECTS.items()},
        routes=routes,
        limits=Limits(image_bytes=limits.image_bytes, pixels=min(limits.pixels, service.max_pixels or limits.pixels)),
        operating_points=[RecommendedPointView(**asdict(point), purpose=PURPOSES[point.name]) for point in points],
        error_curve=[ErrorRatesView(**asdict(rates)) for rates in curve],
        checks=[QualityCheckView(**asdict(check)) for check in checks],
    )
