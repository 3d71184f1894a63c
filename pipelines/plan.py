"""From requested services to a plan: in what order, in which stages, and whether the sample carries what they need."""

from collections.abc import Callable, Sequence
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from models.catalogue import services
from models.family import ModelFamily
from models.field import Field
from models.service import DetectingService
from pipelines.dialects import Dialect
from pipelines.errors import Detail, InvalidSample
from pipelines.sample import Sample

DETECTOR = "face-detector-face-fitter"
"""The service that finds the faces where the caller left that to us."""


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
    """

    model_config = ConfigDict(frozen=True)

    services: tuple[str, ...]
    hidden: int = 0

    @property
    def rebuilt(self) -> bool:
        """Whether the answer's objects are found by a service."""
        return any(issubclass(services()[name], DetectingService) for name in self.services)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that the answer gains."""
        asked = [services()[name] for name in self.services[self.hidden :]]
        given = frozenset[Field]().union(*(service.gives for service in asked))
        return tuple(field for field in Field if field in given)

    def stages(self, place: Callable[[ModelFamily], str]) -> list[Stage]:
        """The stages, where neighbouring services whose families share a place are one.

        Args:
            place: names where the tasks of a family go.
        """
        stages: list[Stage] = []
        first = 0
        for _, group in groupby(self.services, key=lambda name: place(services()[name].family)):
            names = tuple(group)
            family = services()[names[0]].family
            stages.append(Stage(index=len(stages), first=first, family=family, services=names))
            first += len(names)
        return stages


def check_services(asked: Sequence[str]) -> None:
    """Make sure that there is such a pipeline.

    Raises:
        InvalidSample: no service, or an unknown one.
    """
    if not asked:
        raise InvalidSample([Detail(loc=["services"], msg="at least one service is needed", type="too_short")])
    known = services()
    if unknown := [index for index, name in enumerate(asked) if name not in known]:
        message = f"unknown service; there are: {', '.join(known)}"
        raise InvalidSample([Detail(loc=["services", index], msg=message, type="unknown_service") for index in unknown])


def plan(asked: Sequence[str], sample: Sample, dialect: Dialect, *, has_image: bool, find_faces: bool) -> Plan:
    """Plan known services for a sample.

    Args:
        asked: names of services; the order is the caller's.
        sample: as it came in.
        dialect: names the fields in errors as the caller does.
        has_image: whether an image came with it.
        find_faces: the caller sent a placeholder instead of faces.

    Raises:
        InvalidSample: a service needs what neither the sample nor an earlier service gives.
    """
    names = (DETECTOR, *asked) if find_faces else tuple(asked)
    if details := _unmet(names, sample, dialect, has_image):
        raise InvalidSample(details)
    return Plan(services=names, hidden=len(names) - len(asked))


def _unmet(names: Sequence[str], sample: Sample, dialect: Dialect, has_image: bool) -> list[Detail]:
    carried = [(item.object_class, {field for field in Field if item.has(field)}) for item in sample.objects]
    for name in names:
        service = services()[name]
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
            details += [_missing(loc, dialect.keys[field][-1], name) for field in lacking]
            fields |= service.gives
        if details:
            return details
    return []


def _missing(loc: list[str | int], key: str, service: str) -> Detail:
    return Detail(loc=[*loc, key], msg=f"Field required: {service} needs `{key}`", type="missing")
