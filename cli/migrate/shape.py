"""The shape of JSON: its keys and types, without its values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["missing", "extra", "other type", "other value"]

_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}


@dataclass
class Shape:
    """What values at one place of a document look like.

    Attributes:
        types: of all values at this place.
        keys: of the objects among them, with the shapes of what is there.
        items: of the lists among them; None if all of them are empty.
    """

    types: set[str] = field(default_factory=set)
    keys: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None

    def add(self, value: Any) -> None:
        """Add a value to the values at this place."""
        if isinstance(value, dict):
            self.types.add("object")
            for key, part in value.items():
                self.keys.setdefault(key, Shape()).add(part)
        elif isinstance(value, list):
            self.types.add("list")
            for part in value:
                self.items = self.items or Shape()
                self.items.add(part)
        else:
            self.types.add(_NAMES[type(value)])


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two documents have another shape.

    Attributes:
        path: of the place, such as `objects[].age`.
        kind: `missing`: the new document lacks it; `extra`: the old one lacks it.
        detail: the types of `other type`, the statuses of `other value`.
    """

    path: str
    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}{f', {self.detail}' if self.detail else ''}"


def differences(old: Any, new: Any) -> list[Difference]:
    """Where a new document has another shape than an old one.

    Values are not compared. All items of a list count as one place. A list that is empty in one of the documents is
    compared with nothing.
    """
    return list(_compared(_shape_of(old), _shape_of(new), ""))


def _shape_of(value: Any) -> Shape:
    shape = Shape()
    shape.add(value)
    return shape


def _compared(old: Shape, new: Shape, path: str) -> Iterator[Difference]:
    if unknown := new.types - old.types:
        detail = f"{' or '.join(sorted(unknown))} instead of {' or '.join(sorted(old.types))}"
        yield Difference(path or "the whole answer", "other type", detail)
    for key, shape in old.keys.items():
        if key in new.keys:
            yield from _compared(shape, new.keys[key], _joined(path, key))
        elif "object" in new.types:
            yield Difference(_joined(path, key), "missing")
    if "object" in old.types:
        for key in new.keys.keys() - old.keys.keys():
            yield Difference(_joined(path, key), "extra")
    if old.items and new.items:
        yield from _compared(old.items, new.items, f"{path}[]")


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
