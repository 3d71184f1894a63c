"""From a sample to rows of a table: one for each object, and one for a photo without any."""

from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from bulk.errors import InvalidSource
from bulk.inputs import Input
from bulk.output.columns import PHOTO_COLUMNS, object_columns
from pipelines.chunk import Item

ResultRow = dict[str, Any]


class SampleTable:
    """How results become rows.

    Args:
        given: the names of the fields that the services give.
        extra: the columns of the source that are copied: names and types.

    Raises:
        InvalidSource: two columns have one name.
    """

    def __init__(self, given: Collection[str], extra: Mapping[str, pa.DataType]) -> None:
        self._columns = object_columns(given)
        own = {**PHOTO_COLUMNS, **{column.name: column.kind for _, column in self._columns}}
        # Columns of the source must not look like results of services.
        self._extra = {name: f"given_{name}" if name in own else name for name in extra}
        names = [*own, *self._extra.values()]
        if len(set(names)) < len(names):
            raise InvalidSource(f"the source's columns {', '.join(extra)} clash; rename those that begin with given_")
        carried = {self._extra[name]: kind for name, kind in extra.items()}
        self.schema: pa.Schema = pa.schema(list((own | carried).items()))

    def rows(self, photo: Input, item: Item) -> list[ResultRow]:
        """The rows of a photo; a photo without objects has one row, whose `object` is null."""
        height, width = item.sample.size or (None, None)
        failures = "; ".join(f"{failure.service}: {failure.message}" for failure in item.failures)
        common: ResultRow = {
            "image": photo.name,
            "image_width": width,
            "image_height": height,
            "failures": failures or None,
        }
        common |= {self._extra[name]: value for name, value in photo.extra.items()}
        found = [
            {"object": one.id, "class": one.object_class}
            | {column.name: column.read(one) for field, column in self._columns if one.has(field)}
            for one in item.sample.objects
        ]
        return [common | row for row in found or [{}]]
