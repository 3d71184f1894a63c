"""From requested services to a plan: in what order, in which stages, and whether the sample carries what they need."""

from collections.abc import Callable, Sequence
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from models.catalogue import Catalogue
from models.family import ModelFamily
from models.field import Field
from models.service import DetectingService
from models.services.face_fitter import FaceFitter
from pipelines.dialects import Dialect
from pipelines.errors import Detail, InvalidSample
from pipelines.sample import Sample


class Stage(BaseModel):
    """Neighbouring services that one worker runs on one message.

    Attributes:
        index: its place among the stages of its plan.
        first: the place of its first service among the services of its plan.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    first: int
    family: ModelFamily
    services: tuple[str, ...]


class Plan(BaseModel):
    """What is done to a sample.

    Attributes:
        services: in the order in which they run.
        hidden: how many of them, from the first, the caller did not ask for: they find the faces, and their
            fields are not in the answer.
        rebuilt: the answer's objects are found by a service.
        fields: those that the answer gains.
    """

    model_config = ConfigDict(frozen=True)

    services: tuple[str, ...]
    hidden: int
    rebuilt: bool
    fields: tuple[Field, ...]


def check_services(asked: Sequence[str], catalogue: Catalogue) -> None:
    """Make sure that there is such a pipeline.

    Raises:
        InvalidSample: no service, or an unknown one.
    """
    if not asked:
        raise InvalidSample([Detail(loc=["services"], msg="at least one service is needed", type="too_short")])
    if unknown := [index for index, name in enumerate(asked) if name not in catalogue]:
        message = f"unknown service; there are: {', '.join(catalogue)}"
        raise InvalidSample([Detail(loc=["services", index], msg=message, type="unknown_service") for index in unknown])


def plan(
    asked: Sequence[str], catalogue: Catalogue, sample: Sample, dialect: Dialect, *, has_image: bool, find_faces: bool
) -> Plan:
    """Plan known services for a sample.

    Args:
        asked: names of services; the order is the caller's.
        catalogue: of the services that there are.
        sample: as it came in.
        dialect: names the fields in errors as the caller does.
        has_image: whether an image came with it.
        find_faces: the caller sent a placeholder instead of faces.

    Raises:
        InvalidSample: a service needs what neither the sample nor an earlier service gives.
    """
    names = (FaceFitter.name, *asked) if find_faces else tuple(asked)
    if details := _unmet(names, catalogue, sample, dialect, has_image=has_image):
        raise InvalidSample(details)
    gained: set[Field] = set()
    for name in asked:
        # Whoever finds objects anew drops what was known of the old ones.
        detects = issubclass(catalogue[name], DetectingService)
        gained = set(catalogue[name].gives) if detects else gained | catalogue[name].gives
    return Plan(
        services=names,
        hidden=len(names) - len(asked),
        rebuilt=any(issubclass(catalogue[name], DetectingService) for name in names),
        fields=tuple(field for field in Field if field in gained),
    )


def stages(services: Sequence[str], catalogue: Catalogue, place: Callable[[ModelFamily], str]) -> list[Stage]:
    """The stages of a plan, where neighbouring services whose families share a place are one.

    Args:
        services: of the plan.
        catalogue: of the services that there are.
        place: names where the tasks of a family go.
    """
    made: list[Stage] = []
    first = 0
    for _, group in groupby(services, key=lambda name: place(catalogue[name].family)):
        names = tuple(group)
        made.append(Stage(index=len(made), first=first, family=catalogue[names[0]].family, services=names))
        first += len(names)
    return made


def _unmet(
    names: Sequence[str], catalogue: Catalogue, sample: Sample, dialect: Dialect, *, has_image: bool
) -> list[Detail]:
    carried = [(item.object_class, {field for field in Field if item.has(field)}) for item in sample.objects]
    for name in names:
        service = catalogue[name]
        if Field.IMAGE in service.needs and not has_image:
            return [_missing([], dialect.image_key, name)]
        if issubclass(service, DetectingService):
            carried = [(service.object_class, set(service.gives))]
            continue
        details: list[Detail] = []
        for index, (object_class, fields) in enumerate(carried):
            loc: list[str | int] = ["objects", index]
            if object_class != service.object_class:
                message = f"{name} judges objects of class {service.object_class}, not {object_class}"
                details.append(Detail(loc=[*loc, "class"], msg=message, type="wrong_class"))
            lacking = sorted(service.needs - fields - {Field.IMAGE})
            details += [_missing(loc, dialect.key_of(field), name) for field in lacking]
            fields |= service.gives
        if details:
            return details
    return []


def _missing(loc: list[str | int], key: str, service: str) -> Detail:
    return Detail(loc=[*loc, key], msg=f"Field required: {service} needs `{key}`", type="missing")
