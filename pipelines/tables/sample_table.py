"""`SampleTable`: the schema of a table of samples. The module imports pyarrow, which a deployment may lack."""

from collections.abc import Collection, Mapping

import pyarrow as pa

from pipelines.tables.sample_rows import SampleRows


class SampleTable(SampleRows):
    """The table of samples: its schema and its rows; see `SampleRows`.

    Args:
        fields: the names of the fields that the services give.
        extra: the columns that do not come from the samples: names and types.

    Raises:
        ClashingColumns: two columns have one name.
    """

    def __init__(self, fields: Collection[str], extra: Mapping[str, pa.DataType]) -> None:
        super().__init__(fields, extra)
        own = {name: getattr(pa, kind)() for name, kind in self.own.items()}
        carried = {self.extra[name]: kind for name, kind in extra.items()}
        self.schema: pa.Schema = pa.schema(list((own | carried).items()))
