"""The dialects that callers speak."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipelines.dialects.completion import completed
from pipelines.dialects.dialect import Dialect
from pipelines.dialects.v1 import V1
from pipelines.dialects.v2 import V2
from pipelines.errors import InvalidSample

__all__ = ["DIALECTS", "Dialect", "dialect_of"]

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in completed([V2, V1])})


def dialect_of(body: Mapping[str, Any]) -> Dialect:
    """The dialect of a sample: the one in which no key of it is foreign, v2 where both are possible.

    Raises:
        InvalidSample: every dialect finds a foreign key in it.
    """
    foreign = {name: dialect.foreign(body) for name, dialect in DIALECTS.items()}
    for name, details in foreign.items():
        if not details:
            return DIALECTS[name]
    raise InvalidSample(min(foreign.values(), key=len))
