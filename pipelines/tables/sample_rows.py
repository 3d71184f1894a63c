"""From samples to the rows of a table: one for each object, and one for a sample without objects."""

from collections.abc import Collection, Mapping
from typing import Any

from pipelines.chunk import Item
from pipelines.errors import ClashingColumns
from pipelines.tables.columns import PHOTO_COLUMNS, ColumnKind, object_columns

ObjectRow = dict[str, Any]


class SampleRows:
    """The columns of a table of samples, and its rows.

    The columns are those of the photo, those of the fields, and the extra ones. An extra column that has the name of
    another, for example `age`, becomes `given_age`.

    Attributes:
        own: the columns that come from the samples: names and kinds.
        extra: for each column that does not come from the samples, its name in the table.

    Args:
        fields: the names of the fields that the services give.
        extra: the names of the columns that do not come from the samples.

    Raises:
        ClashingColumns: two columns have one name.
    """

    def __init__(self, fields: Collection[str], extra: Collection[str]) -> None:
        self._columns = object_columns(fields)
        self.own: Mapping[str, ColumnKind] = {
            **PHOTO_COLUMNS,
            **{column.name: column.kind for _, column in self._columns},
        }
        # Extra columns must not look like results of services.
        self.extra: Mapping[str, str] = {name: f"given_{name}" if name in self.own else name for name in extra}
        if len({*self.names}) < len(self.names):
            raise ClashingColumns(f"the columns {', '.join(extra)} clash; rename the columns that begin with given_")

    @property
    def names(self) -> list[str]:
        """All columns, in their order."""
        return [*self.own, *self.extra.values()]

    def rows(
        self, name: str, extra: Mapping[str, Any], item: Item, fields: Collection[str] | None = None
    ) -> list[ObjectRow]:
        """The rows of a sample; a sample without objects has one row, whose `object` is null.

        Args:
            name: of the photo.
            extra: the values of the extra columns.
            item: has the sample.
            fields: the names of the fields that the services of this sample give, if not all of the table; the others
                are null, also if the caller sent them.
        """
        height, width = item.sample.size or (None, None)
        failures = "; ".join(f"{failure.service}: {failure.message}" for failure in item.failures)
        common: ObjectRow = {
            "image": name,
            "image_width": width,
            "image_height": height,
            "failures": failures or None,
        }
        common |= {self.extra[column]: value for column, value in extra.items()}
        given = [(field, column) for field, column in self._columns if fields is None or field.name in fields]
        found = [
            {"object": one.id, "class": one.object_class}
            | {column.name: column.read(one) for field, column in given if one.has(field)}
            for one in item.sample.objects
        ]
        return [common | row for row in found or [{}]]
