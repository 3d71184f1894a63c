"""`completed`: gives each dialect a codec for every output; missing codecs are derived."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.catalogue import declaring_service, object_outputs, sample_outputs
from models.declaration import refuse
from models.output import CORE_FIELDS, IMAGE, Field, Output
from pipelines.dialects.codec import FieldCodec, derived_codec
from pipelines.dialects.dialect import Dialect

_OWN_KEYS = frozenset({"id", "class", "objects", "errors"})


def completed(dialects: Sequence[Dialect]) -> Iterator[Dialect]:
    """The dialects with a codec for every output, each with the keys that only others know.

    Raises:
        DeclarationError: an output has no codec and none can be derived.
    """
    taken = _spelled_keys(dialects)
    complete = [_with_all_codecs(dialect, taken) for dialect in dialects]
    for dialect in complete:
        others = [other for other in complete if other is not dialect]
        own = {codec.key for codec in dialect.codecs.values()}
        theirs = {codec.key for other in others for codec in other.codecs.values()}
        images = frozenset(other.image_key for other in others)
        yield replace(dialect, foreign_images=images, foreign_keys=frozenset(theirs - own))


def _with_all_codecs(dialect: Dialect, taken: frozenset[str]) -> Dialect:
    codecs: dict[Field, FieldCodec] = {field: dialect.codecs[field] for field in CORE_FIELDS if field != IMAGE}
    codecs |= _codecs(object_outputs(), dialect.codecs, dialect, taken)
    return replace(
        dialect, codecs=codecs, sample_codecs=_codecs(sample_outputs(), dialect.sample_codecs, dialect, taken)
    )


def _codecs(
    outputs: Sequence[Output[Any]], spelled: Mapping[Field, FieldCodec], dialect: Dialect, taken: frozenset[str]
) -> dict[Field, FieldCodec]:
    return {output: spelled.get(output) or _derived(output, dialect, taken) for output in outputs}


def _derived(output: Output[Any], dialect: Dialect, taken: frozenset[str]) -> FieldCodec:
    service = declaring_service(output)
    if output.name in taken:
        refuse(service, f"the output `{output.name}` has the name of a key that dialects use already; choose another")
    try:
        return derived_codec(output, dialect.vocabulary)
    except TypeError as error:
        refuse(service, f"the output `{output.name}` cannot be written: {error}")


def _spelled_keys(dialects: Sequence[Dialect]) -> frozenset[str]:
    """The keys that are no names of outputs."""
    spelled = [
        key
        for dialect in dialects
        for field, codec in dialect.codecs.items()
        for key in (codec.key, *codec.constants)
        if key != field.name
    ]
    return _OWN_KEYS.union(spelled)
