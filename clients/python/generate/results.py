"""Writes `faceline_client/results.py` from the OpenAPI document: `python results.py`, or `make client`.

The document follows from the declarations of the services, so a service that gives a new field gives it to clients too.
"""

import json
import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "openapi.json"
RESULTS = ROOT / "clients" / "python" / "faceline_client" / "results.py"

ROOTS = (
    "V2Result",
    "V1Result",
    "VerificationAnswer",
    "JobView",
    "BatchView",
    "ResultRow",
    "ErrorRow",
    "OffersView",
    "VersionView",
    "QueueList",
    "DeadLetterList",
    "ErasedView",
    "ErrorBody",
)
"""What callers get. The schemas that these refer to are written as well."""
NAMES = {
    "Result": "Sample",
    "Object": "SampleObject",
    "Template": "TemplateField",
    "ResultRow": "BatchResult",
    "ErrorRow": "BatchError",
    "Failure": "ServiceFailure",
    "ModelReport": "Model",
    "Verification": "Difference",
    "VerificationAnswer": "Verification",
}
"""Names of classes that are not those of their schemas."""
ATTRIBUTES = {"class": "object_class"}
"""Names of attributes that cannot be those of their keys."""
LINE = 120

HEAD = '''\
"""What the API answers, as frozen dataclasses.

Written by `generate/results.py` from the OpenAPI document. Do not change it by hand: `make client` renews it.
The attribute `extra` of a class has the keys that the document does not name, such as the caller's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
'''

Schema = Mapping[str, Any]


def text_of(document: Schema) -> str:
    """The module, as text."""
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    order: list[str] = []
    for root in ROOTS:
        _visit(root, schemas, order)
    aliases = [_alias(name, schemas[name]) for name in sorted(order) if "enum" in schemas[name]]
    classes = [_class(name, schemas[name]) for name in order if "enum" not in schemas[name]]
    return "\n".join([HEAD, *aliases, "\n"]) + "\n" + "\n\n".join(classes)


def _visit(name: str, schemas: Mapping[str, Schema], order: list[str]) -> None:
    """Adds a schema to the order, behind all schemas that it refers to."""
    if name in order:
        return
    for other in _references(schemas[name]):
        _visit(other, schemas, order)
    order.append(name)


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def class_name(schema: str) -> str:
    """The class of a schema: v2 is the dialect of this client, and names of v1 end with it."""
    dialect, name = re.fullmatch(r"(V1|V2)?(.*?)(?:View)?", schema).groups()  # type: ignore[union-attr]
    return NAMES.get(name, name) + ("V1" if dialect == "V1" else "")


def attribute_name(key: str) -> str:
    """The attribute of a key: snake case, without the marks in front of `$image` and `_image`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.lstrip("$_")).lower()
    name = ATTRIBUTES.get(name, name)
    if keyword.iskeyword(name) or not name.isidentifier():
        raise ValueError(f"the key {key} needs a name in ATTRIBUTES")
    return name


def _alias(name: str, schema: Schema) -> str:
    line = f"{class_name(name)} = {_type(schema)}"
    lines = [line if len(line) <= LINE else line.replace("[", "[\n    ").replace("]", "\n]")]
    if "description" in schema:
        lines.append(f'"""{schema["description"]}"""')
    return "\n".join(lines)


def _class(name: str, schema: Schema) -> str:
    lines = ["@dataclass(frozen=True, slots=True, kw_only=True)", f"class {class_name(name)}:"]
    properties: Mapping[str, Schema] = schema["properties"]
    required = [key for key in schema.get("required", ()) if key in properties]
    keys = [*required, *(key for key in properties if key not in required)]
    described = {attribute_name(key): properties[key].get("description") for key in keys}
    summary = schema.get("description", f"The schema `{name}` of the OpenAPI document.")
    lines += [f"    {line}".rstrip() for line in _docstring(summary, described)]
    lines.append("")
    lines += [f"    {_attribute(key, properties[key], required=key in required)}" for key in keys]
    if schema.get("additionalProperties") is True:
        lines.append("    extra: Mapping[str, Any] = field(default_factory=dict)")
    return "\n".join(lines) + "\n"


def _docstring(summary: str, described: Mapping[str, str | None]) -> list[str]:
    first, _, rest = summary.partition(". ")
    lines = textwrap.wrap(f'"""{first}.' if rest else f'"""{summary}', LINE - 4)
    if rest:
        lines += ["", *textwrap.wrap(rest, LINE - 4)]
    if not any(described.values()):
        if len(lines) == 1 and len(lines[0]) + 7 <= LINE:
            return [f'{lines[0]}"""']
        return [*lines, '"""']
    lines += ["", "Attributes:"]
    for name, text in described.items():
        if text:
            line = f"{name}: {text.replace('; null ', '; None ')}"
            lines += textwrap.wrap(line, LINE - 4, initial_indent="    ", subsequent_indent=" " * 8)
    return [*lines, '"""']


def _attribute(key: str, schema: Schema, *, required: bool) -> str:
    name, kind = attribute_name(key), _type(schema)
    options = [f'metadata={{"key": "{key}"}}'] if name != key else []
    if not required:
        options.insert(0, f"default={_default(schema.get('default'))}")
    if not options:
        return f"{name}: {kind}"
    if len(options) == 1 and not required:
        return f"{name}: {kind} = {_default(schema.get('default'))}"
    return f"{name}: {kind} = field({', '.join(options)})"


def _default(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(repr, value))}{',' if len(value) == 1 else ''})"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _type(schema: Schema) -> str:
    """The Python type of the values of a schema."""
    if "$ref" in schema:
        return class_name(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(json.dumps(value) for value in values)}]"
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"tuple[{', '.join(_type(one) for one in schema['prefixItems'])}]"
        return f"tuple[{_type(schema['items'])}, ...]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Mapping[str, {_type(values) if isinstance(values, dict) else 'Any'}]"
    if kind == "string" and schema.get("format") == "date-time":
        return "datetime"
    if isinstance(kind, list):
        # Ages: text in the answers of service routes, numbers in those of jobs. Clients always see a number.
        return "float"
    names = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", None: "Any"}
    return names[kind]


if __name__ == "__main__":
    RESULTS.write_text(text_of(json.loads(DOCUMENT.read_text(encoding="utf-8"))), encoding="utf-8")
