"""What a service is: its declaration, and the three ways in which services work.

A service is one file that declares what it needs and gives, and turns arrays into results. The catalogue finds it; its
queue, routes, schemas, spelling, table columns, weights check and warm-up follow from the declaration.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import radians
from typing import Any, ClassVar, Generic, Literal, Self

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.calibration.operating_points import ErrorRates, OperatingPoint
from models.family import ModelFamily
from models.imaging.decode import Image
from models.imaging.geometry import Box, Points
from models.imaging.quarters import Quarter, nearest_quarter
from models.networks.landmarks import quarter_of
from models.output import BBOX, IMAGE, TEMPLATE, Field, Output, OutputValues, Pose, Value
from models.runtime.session import SessionSource

ObjectClass = Literal["face", "body"]


@dataclass(frozen=True, slots=True)
class Found:
    """An object that a detecting service found.

    Attributes:
        bbox: (4,) float64, x1, y1, x2, y2 in pixels of the image; may reach over its borders.
        confidence: in [0, 1], higher = surer that it is one.
        landmarks: (21, 2) float64, x, y in pixels; None if the service gives none.
        pose: None if the service gives none.
        values: of the outputs that the service declares.
    """

    bbox: Box
    confidence: float
    landmarks: Points | None = None
    pose: Pose | None = None
    values: OutputValues = field(default_factory=OutputValues)

    def with_output(self, output: Output[Value], value: Value) -> Self:
        """The same object, which now has a value of this output."""
        output.put(self.values, value)
        return self


@dataclass(slots=True)
class Face:
    """A face that an estimating service takes: an image and where the face is in it.

    Attributes:
        image: (h, w, 3) uint8 BGR, turned by its EXIF orientation; faces in it may be rotated nevertheless.
        bbox: (4,) float64, x1, y1, x2, y2 in pixels.
        landmarks: (21, 2) float64, x, y in pixels, in the order of `models.networks.landmarks.LandmarkName`;
            None until a service finds them.
        pose: None if the sample has none.
        cached_results: what services found of this face in this stage already; a service may use them instead of
            running their networks again.
    """

    image: Image
    bbox: Box
    landmarks: Points | None = None
    pose: Pose | None = None
    cached_results: OutputValues = field(default_factory=OutputValues)

    @property
    def quarter(self) -> Quarter | None:
        """The quarter turn that is closest to the rotation of the face; None without landmarks and pose."""
        if self.landmarks is not None:
            return quarter_of(self.landmarks)
        return None if self.pose is None else nearest_quarter(radians(self.pose.roll))


class Service(ABC):
    """One capability under its public name. Subclasses say what they do in the first line of their docstring.

    Attributes:
        name: public, in kebab-case.
        module: distinguishes services of one name, of which a deployment chooses one; None where there is no choice.
        family: whose workers run it.
        object_class: of the objects that it finds or takes.
        needs: the fields that a sample must have.
        gives: the fields that it adds, and shows in the answer; follows from its outputs.
        weights: the models that it runs, by their names in the weights registry.
        optional_weights: models that it runs instead of some of those, where all of them are installed.
        max_pixels: images with more are refused; None leaves it to the deployment.
        in_version_1_0: whether it has the deprecated routes of version 1.0; new services have none.
    """

    name: ClassVar[str]
    module: ClassVar[str | None] = None
    family: ClassVar[ModelFamily]
    object_class: ClassVar[ObjectClass] = "face"
    needs: ClassVar[frozenset[Field]]
    gives: ClassVar[frozenset[Field]] = frozenset()
    weights: ClassVar[tuple[str, ...]] = ()
    optional_weights: ClassVar[tuple[str, ...]] = ()
    max_pixels: ClassVar[int | None] = None
    in_version_1_0: ClassVar[bool] = False

    @classmethod
    def summary(cls) -> str:
        """What it does: the first line of its docstring."""
        return (cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def needs_only_boxes(cls) -> bool:
        """Whether an image and the boxes in it are all that it needs."""
        return cls.needs == {IMAGE, BBOX}

    @abstractmethod
    def __init__(self, sessions: SessionSource) -> None:
        """Takes its sessions by the names in `weights`, or `optional_weights`.

        Raises:
            ModelError: a model is missing or does not load.
        """

    @classmethod
    def build(cls, sessions: SessionSource, options: ServiceOptions) -> Self:
        """Build the service of a deployment. A service that has options derives from `ServiceWithOptions`.

        Raises:
            ModelError: a model is missing or does not load.
        """
        del options
        return cls(sessions)


class ServiceWithOptions(Service):
    """A service whose constructor takes the options of the deployment."""

    @abstractmethod
    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        """Takes its sessions as each service does.

        Raises:
            ModelError: a model is missing or does not load.
        """

    @classmethod
    def build(cls, sessions: SessionSource, options: ServiceOptions) -> Self:
        """See `Service.build`."""
        return cls(sessions, options)


class DetectingService(Service):
    """Finds objects in images, and replaces the objects that the sample had.

    Attributes:
        outputs: the fields of the objects that it finds.
    """

    needs = frozenset({IMAGE})
    outputs: ClassVar[tuple[Field, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.gives = frozenset(getattr(cls, "outputs", ()))

    @abstractmethod
    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """Find the objects of each image, surest first; an image without objects gives an empty list.

        Raises:
            InvalidRequest: an image breaks a rule of the service. A caller that passed several images calls again with
                each alone.
            ModelError: the engine failed.
        """


class OutputService(Service, Generic[Value]):
    """Gives one output.

    Attributes:
        output: that it gives.
    """

    output: Output[Value]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        output: Output[Any] | None = getattr(cls, "output", None)
        cls.gives = frozenset() if output is None else frozenset({output})


class EstimatingService(OutputService[Value]):
    """Gives one output of each face."""

    needs = frozenset({IMAGE, BBOX})

    @abstractmethod
    def estimate(self, faces: Sequence[Face]) -> list[Value]:
        """Estimate a value for each face, in the order of the faces. The list may be empty; then no network runs.

        Raises:
            ModelError: the engine failed.
        """


class MatchingService(OutputService[Value]):
    """Compares the two objects of a sample by their templates, without an image; its output belongs to the sample.

    Attributes:
        operating_points: the thresholds that it recommends.
        error_curve: how often thresholds err, by distance.
    """

    needs = frozenset({TEMPLATE})
    operating_points: ClassVar[tuple[OperatingPoint, ...]] = ()
    error_curve: ClassVar[tuple[ErrorRates, ...]] = ()

    @abstractmethod
    def match(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[Value]:
        """Compare the templates of each pair.

        Raises:
            InvalidRequest: a template is not one of ours.
        """
