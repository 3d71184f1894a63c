"""How a dialect writes one field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.sample import Size

AgeFormat = Literal["string", "number"]


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What a writer has to know beside the value.

    Attributes:
        size: of the image; (0, 0) without one.
        age_format: ages as `"25"` or as `25`.
    """

    size: Size
    age_format: AgeFormat


@dataclass(frozen=True, slots=True)
class FieldCodec:
    """A field under its key.

    Attributes:
        key: under which it stands.
        kind: the type of what stands there; pydantic checks it before it is read.
        read: the canonical value of what stands there, None where it cannot be told; raises ValueError where it
            contradicts itself.
        write: what stands there for a canonical value.
        constants: keys that are written along with it, and not read.
    """

    key: str
    kind: Any
    read: Callable[[Any, Size | None], Any]
    write: Callable[[Any, WriteContext], Any]
    constants: Mapping[str, Any] = field(default_factory=dict)
