"""`plan` checks that the requested services can run in their order; `stages` groups them by queue."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from models.catalogue import Catalogue
from models.family import ModelFamily
from models.output import IMAGE, Field
from models.service import DetectingService, MatchingService, ObjectClass, Service
from models.services.face_fitter import FaceFitter
from pipelines.dialects import Dialect
from pipelines.errors import Detail, InvalidSample
from pipelines.presets import PAIR_PRESETS, PRESETS
from pipelines.sample import Sample


class Stage(BaseModel):
    """Neighbouring services that one worker runs on one message.

    Attributes:
        index: among the stages of its plan.
        first: the index of its first service among the services of its plan.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    first: int
    family: ModelFamily
    services: tuple[str, ...]


class Step(BaseModel):
    """One service of a plan.

    Attributes:
        asked: whether the caller asked for it.
        finds: whether it replaces the objects of the sample.
        fields: the names of those that the answer gains by it; none if the caller did not ask for it.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    asked: bool
    finds: bool
    fields: tuple[str, ...]


class Plan(BaseModel):
    """What is done to a sample.

    Attributes:
        steps: in the order in which they run.
    """

    model_config = ConfigDict(frozen=True)

    steps: tuple[Step, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """In the order in which they run."""
        return tuple(step.service for step in self.steps)

    @property
    def added_services(self) -> int:
        """How many services were added in front of the requested ones: 0, or 1 for the face fitter."""
        return sum(not step.asked for step in self.steps)

    @property
    def replaces_objects(self) -> bool:
        """Whether a service replaces the objects of the sample."""
        return any(step.finds for step in self.steps)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that the answer gains."""
        gained: set[str] = set()
        for step in self.steps:
            if step.finds:
                # It replaces the objects, and with them what earlier services gave.
                gained.clear()
            gained.update(step.fields)
        return tuple(sorted(gained))

    def possible_fields(self, *, partial: bool) -> tuple[str, ...]:
        """The names of all fields that answers may gain: those of one answer are `without(failed).fields`.

        Args:
            partial: whether a sample is answered although services failed on it. If a detecting service failed, the
                sample keeps the objects of earlier services, with their fields.
        """
        return tuple(sorted({name for step in self.steps for name in step.fields})) if partial else self.fields

    def without(self, failed: Collection[str | None]) -> "Plan":
        """What was done to a sample on which these services failed."""
        return Plan(steps=tuple(step for step in self.steps if step.service not in failed)) if failed else self


def check_services(asked: Sequence[str], catalogue: Catalogue) -> None:
    """Check that all requested services exist.

    Raises:
        InvalidSample: no service was requested, or an unknown one.
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
        asked: names of services, in the caller's order.
        catalogue: the services of the deployment.
        sample: as it came in.
        dialect: whose keys name the fields in errors.
        has_image: whether an image came with it.
        find_faces: whether the caller sent a placeholder instead of faces.

    Raises:
        InvalidSample: a service needs what neither the sample nor an earlier service gives.
    """
    names = (FaceFitter.name, *asked) if find_faces else tuple(asked)
    if details := _unmet_needs([catalogue[name] for name in names], sample, dialect, has_image=has_image):
        raise InvalidSample(details)
    added = len(names) - len(asked)
    return Plan(
        steps=tuple(
            Step(
                service=name,
                asked=index >= added,
                finds=issubclass(catalogue[name], DetectingService),
                fields=tuple(sorted(field.name for field in catalogue[name].gives)) if index >= added else (),
            )
            for index, name in enumerate(names)
        )
    )


def without_objects(service: type[Service], catalogue: Catalogue) -> InvalidSample:
    """The error for a sample without objects whose first service needs some: it says where they can come from."""
    message = f"Field required: {service.name} needs `objects`"
    put_first = "put"
    if issubclass(service, MatchingService) and (preset := _first_with(service, PAIR_PRESETS)):
        # It compares two objects, and most photos have one face.
        message += f"; to compare the faces of two photos, use POST /verify, or preset {preset}"
        put_first = "for a photo of exactly two faces, put"
    detecting = [found for found in catalogue.values() if issubclass(found, DetectingService)]
    # The fitter comes first, since it finds faces at the lowest cost.
    for finder in sorted(detecting, key=lambda found: found is not FaceFitter):
        if finder.object_class == service.object_class and service.needs <= finder.gives | {IMAGE}:
            message += f"; {put_first} {finder.name} first"
            if preset := _first_with(service, PRESETS):
                message += f", or use preset {preset}"
            break
    return InvalidSample([Detail(loc=["objects"], msg=message, type="missing")])


def _first_with(service: type[Service], presets: Mapping[str, Sequence[str]]) -> str | None:
    """The first preset that has a service."""
    return next((name for name, names in presets.items() if service.name in names), None)


def stages(services: Sequence[str], catalogue: Catalogue, queue_prefix: Callable[[ModelFamily], str]) -> list[Stage]:
    """The stages of a plan: neighbouring services whose families share a queue prefix are one stage.

    Args:
        services: of the plan.
        catalogue: the services of the deployment.
        queue_prefix: what the queues of a family are named after.
    """
    made: list[Stage] = []
    first = 0
    for _, group in groupby(services, key=lambda name: queue_prefix(catalogue[name].family)):
        names = tuple(group)
        made.append(Stage(index=len(made), first=first, family=catalogue[names[0]].family, services=names))
        first += len(names)
    return made


def _unmet_needs(
    services: Sequence[type[Service]], sample: Sample, dialect: Dialect, *, has_image: bool
) -> list[Detail]:
    """The missing fields of the first service that cannot run; empty if all can run."""
    every_field = {field for service in services for field in service.needs}
    objects: list[tuple[ObjectClass, set[Field]]] = [
        (item.object_class, {field for field in every_field if item.has(field)}) for item in sample.objects
    ]
    for service in services:
        if IMAGE in service.needs and not has_image:
            return [_missing([], dialect.image_key, service)]
        if issubclass(service, DetectingService):
            objects = [(service.object_class, set(service.gives))]
            continue
        details: list[Detail] = []
        for index, (object_class, fields) in enumerate(objects):
            loc: list[str | int] = ["objects", index]
            if object_class != service.object_class:
                message = f"{service.name} takes objects of class {service.object_class}, not {object_class}"
                details.append(Detail(loc=[*loc, "class"], msg=message, type="wrong_class"))
            lacking = sorted(service.needs - fields - {IMAGE}, key=lambda field: field.name)
            details += [_missing(loc, dialect.key_of(field), service) for field in lacking]
            fields |= service.gives
        if details:
            return details
    return []


def _missing(loc: list[str | int], key: str, service: type[Service]) -> Detail:
    return Detail(loc=[*loc, key], msg=f"Field required: {service.name} needs `{key}`", type="missing")
