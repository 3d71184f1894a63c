"""What a service is: its declaration, and the three ways in which services work.

A service is one file that declares what it needs and gives, and turns arrays into results. The catalogue finds it;
its queue, routes, schemas, weights check and warm-up follow from the declaration.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, TypeVar

from models.family import ModelFamily
from models.field import Field
from models.imaging.decode import Image
from models.imaging.geometry import Box, Points
from models.networks.head_pose import Pose
from models.runtime.session import SessionSource

ObjectClass = Literal["face", "body"]


@dataclass(frozen=True, slots=True)
class Found:
    """An object that a detecting service found.

    Attributes:
        bbox: (4,) float64, x1, y1, x2, y2 in pixels of the image; may reach over its borders.
        confidence: in [0, 1], higher = surer that it is one.
        values: what the service says of it besides, by field.
    """

    bbox: Box
    confidence: float
    values: Mapping[Field, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Face:
    """A face that an estimating service judges: an image and where the face is in it.

    Attributes:
        image: (h, w, 3) uint8 BGR, upright.
        bbox: (4,) float64, x1, y1, x2, y2 in pixels.
        landmarks: (21, 2) float64, x, y in pixels, in the order of `models.networks.landmarks.LandmarkName`;
            None until somebody needs and finds them.
        pose: None if the sample has none.
        known: what services have said of the face on this image before, by field; whoever would ask them, need not.
    """

    image: Image
    bbox: Box
    landmarks: Points | None = None
    pose: Pose | None = None
    known: dict[Field, Any] = field(default_factory=dict)


class Service(ABC):
    """One capability under its public name. Subclasses say what they do in the first line of their docstring.

    Attributes:
        module: tells apart services of one name, of which a deployment chooses one; None where there is no choice.
        object_class: of the objects that it finds or judges.
        needs: the fields that a sample must have.
        gives: the fields that it has afterwards, and shows in the answer.
        weights: the models that it runs, by their names in the weights registry.
        optional_weights: models that it runs instead of some of those, where all of them are installed.
        max_pixels: images with more are refused; None leaves it to the deployment.
    """

    name: ClassVar[str]
    module: ClassVar[str | None] = None
    family: ClassVar[ModelFamily]
    object_class: ClassVar[ObjectClass] = "face"
    needs: ClassVar[frozenset[Field]]
    gives: ClassVar[frozenset[Field]]
    weights: ClassVar[tuple[str, ...]]
    optional_weights: ClassVar[tuple[str, ...]] = ()
    max_pixels: ClassVar[int | None] = None

    @classmethod
    def needs_only_boxes(cls) -> bool:
        """Whether an image and the boxes in it are all that it needs."""
        return cls.needs == {Field.IMAGE, Field.BBOX}

    @abstractmethod
    def __init__(self, sessions: SessionSource) -> None:
        """Takes its sessions by the names in `weights`, or `optional_weights`; what it takes is what answers.

        Raises:
            ModelError: a model is missing or does not load.
        """


class DetectingService(Service):
    """Finds objects in images; what a sample held before under `objects` is replaced."""

    needs = frozenset({Field.IMAGE})

    @abstractmethod
    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """Find the objects of each image, surest first; no object is an answer.

        Raises:
            InvalidRequest: an image breaks a rule of the service. Who detects in several images at once asks again for
                each alone.
            ModelError: the engine failed.
        """


Result = TypeVar("Result")


class EstimatingService(Service, Generic[Result]):
    """Gives one field of each face."""

    needs = frozenset({Field.IMAGE, Field.BBOX})

    @property
    def field(self) -> Field:
        """The one field that it gives."""
        (given,) = self.gives
        return given

    @abstractmethod
    def estimate(self, faces: Sequence[Face]) -> list[Result]:
        """Judge each face; the results stand in the order of the faces. No face is legal and reaches no network.

        Raises:
            ModelError: the engine failed.
        """


class MatchingService(Service, Generic[Result]):
    """Compares the two objects of a sample by their templates, without an image."""

    needs = frozenset({Field.TEMPLATE})
    gives = frozenset({Field.VERIFICATION})

    @abstractmethod
    def match(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[Result]:
        """Compare the templates of each pair.

        Raises:
            InvalidRequest: a template is not one of ours.
        """
