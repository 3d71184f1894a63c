"""Renews the reference parts of `docs/services/*.md`: `make docs-reference`.

What a person writes about a service is above the mark of a page. Below it, everything follows from the declaration of
the service, from the OpenAPI document and its examples, and from the table of `docs/accuracy-figures.md`. A service
without a page gets one.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

from api.openapi.example_files import photo_text, service_example
from api.services.listing import service_view
from config.settings import LimitSettings
from docs.site.staging import DOCS
from models.catalogue import services
from models.quality.checks import CHECKS
from models.service import DetectingService, MatchingService, Service
from models.services.face_fitter import FaceFitter
from models.weights.registry import WEIGHTS
from pipelines.dialects import DIALECTS, Dialect

FOLDER = DOCS / "services"
MARK = "<!-- The rest of this page is made from the code: make docs-reference -->"
DOCUMENT = DOCS / "openapi.json"
FIGURES = DOCS / "accuracy-figures.md"
URL = "http://127.0.0.1:8000"
_WIDTH = 110

FIGURES_OF: Mapping[str, tuple[str, ...]] = {
    "face-detector-face-fitter": ("faces of 32 px and more", "photos without faces", "21 points", "pose"),
    "body-detector": ("bodies of 64 px and more",),
    "age-estimator": ("age",),
    "gender-estimator": ("gender",),
    "emotion-estimator": ("emotion", "confidences"),
    "mask-estimator": ("mask",),
    "quality-assessment-estimator": ("quality", "eyes"),
    "liveness-estimator": ("liveness",),
    "face-detector-liveness-estimator": ("liveness",),
    "template-extractor": ("verification",),
    "face-detector-template-extractor": ("verification",),
    "verify-matcher": ("verification",),
}
"""The rows of the table of figures that are about a service, by their first column."""

SHOWN: Mapping[str, str] = {
    "face-detector-face-fitter": 'face.object_class, "about", round(face.confidence, 2)',
    "body-detector": 'body.object_class, "about", round(body.confidence, 2)',
    "age-estimator": '"about", face.age, "years"',
    "gender-estimator": "face.gender",
    "emotion-estimator": "max(face.emotions, key=lambda one: one.confidence).emotion",
    "mask-estimator": "face.has_medical_mask.value",
    "quality-assessment-estimator": 'face.quality.is_sharp, "about", face.quality.total_score',
    "liveness-estimator": "face.liveness.value",
    "face-detector-liveness-estimator": "face.liveness.value",
    "template-extractor": 'face.object_class, "has a template:", face.template is not None',
    "face-detector-template-extractor": 'face.object_class, "has a template:", face.template is not None',
}
"""What the Python example of a service prints of each object."""

Json = dict[str, Any]


def page_of(service: type[Service]) -> str:
    """The page of a service as it has to be; what a person wrote is as it was."""
    file = FOLDER / f"{service.name}.md"
    written = file.read_text(encoding="utf-8").partition(MARK)[0] if file.is_file() else _new_page(service)
    parts = [_accuracy(service), _reference(service), _fields(service), _checks(service), _calls(service)]
    parts += [_examples(service)]
    return "\n\n".join([written.rstrip(), MARK, *filter(None, parts)]) + "\n"


def index() -> str:
    """The table of all services."""
    rows = []
    for name in _in_order():
        service = services()[name]
        rows.append(
            [f"[{name}]({name}.md)", _first_part(service.summary()), _names(service.needs), _names(service.gives)]
        )
    return (
        "# Services\n\n"
        "This page lists the services. Each adds fields to the [sample](../concepts.md#sample) that it gets.\n"
        "`GET /services` of a deployment lists the same.\n\n"
        f"{_table(['service', 'what it does', 'needs', 'adds'], rows)}\n\n"
        "A [job](../jobs.md) names its services in order, or a [preset](../presets.md). What a service needs has to\n"
        "be in the sample, or an earlier service of the job has to add it.\n"
    )


def _in_order() -> list[str]:
    """Detecting services first, the matcher last, as in the navigation."""
    known = list(FIGURES_OF)
    return sorted(services(), key=lambda name: known.index(name) if name in known else len(known))


def _new_page(service: type[Service]) -> str:
    return f"# {service.name}\n\n{service.summary()}\n"


def _accuracy(service: type[Service]) -> str:
    names = FIGURES_OF.get(service.name, ())
    table = [line for line in FIGURES.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    rows, what = [], ""
    for line in table[2:]:
        what = line.split("|")[1].strip() or what
        if what in names:
            rows.append(line.replace("](", "](../"))
    if not rows:
        return ""
    return "\n".join(
        [
            "## Accuracy",
            "",
            "From [the table of all figures](../accuracy-figures.md), which says what *dev* and *held out* are.",
            "`n` counts photos, if nothing else is said.",
            "",
            *table[:2],
            *rows,
        ]
    )


def _reference(service: type[Service]) -> str:
    view = service_view(service, LimitSettings())
    models = [f"`{name}` ({WEIGHTS[name].licence})" for name in service.weights]
    models += [f"if it is installed `{name}` ({WEIGHTS[name].licence})" for name in service.optional_weights]
    rows = [
        ["needs", _names(service.needs)],
        ["adds", _names(service.gives)],
        ["family", f"`{view.family}`: the workers and queues that run it"],
        ["models", ", ".join(models) or "none"],
        [
            "images",
            f"at most {view.limits.image_bytes / 1024**2:.1f} MiB and {view.limits.pixels / 1e6:.0f} megapixels;"
            " [settings](../settings.md) change it",
        ],
        ["routes", "<br>".join(f"`POST {route}`" for route in view.routes)],
    ]
    return f"## Reference\n\n{_table(['what', 'value'], rows)}"


def _fields(service: type[Service]) -> str:
    tables = {name: _field_table(service, dialect) for name, dialect in DIALECTS.items()}
    if len(set(tables.values())) == 1:
        return f"## Fields in v1 and v2\n\n{next(iter(tables.values()))}"
    return "\n\n".join(f"## Fields in {name}\n\n{table}" for name, table in tables.items())


def _field_table(service: type[Service], dialect: Dialect) -> str:
    schemas = _schemas()
    prefix = "".join(part.capitalize() for part in service.name.split("-")) + dialect.name.upper()
    of_sample = issubclass(service, MatchingService)
    schema = schemas[f"{prefix}Answer" if of_sample else f"{prefix}AnswerObject"]
    keys = {dialect.key_of(field) for field in service.gives}
    rows = [
        [f"`{path}`", kind, meaning]
        for key, value in schema["properties"].items()
        if key in keys
        for path, kind, meaning in _leaves(key, value, schemas)
    ]
    return _table(["field", "type", "meaning"], rows)


@cache
def _schemas() -> Json:
    return dict(json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"])


def _leaves(path: str, schema: Json, schemas: Json) -> Iterator[tuple[str, str, str]]:
    """The path, type and meaning of each value of a schema that is no object."""
    while "$ref" in schema or "anyOf" in schema:
        inner = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["anyOf"][0]
        schema = {**inner, **{key: value for key, value in schema.items() if key == "description"}}
    properties = schema.get("properties")
    if properties:
        refs = [json.dumps(value) for value in properties.values()]
        common = max(refs, key=refs.count)
        if refs.count(common) > 20 and "$ref" in common:
            yield from _leaves(f"{path}.<name of the point>", json.loads(common), schemas)
            properties = {key: value for key, value in properties.items() if json.dumps(value) != common}
        for key, value in properties.items():
            yield from _leaves(f"{path}.{key}", value, schemas)
    elif schema.get("type") == "array" and "$ref" in (items := schema.get("items", {})):
        yield from _leaves(f"{path}[]", items, schemas)
    else:
        yield path, _type_text(schema), str(schema.get("description", ""))


def _type_text(schema: Json) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    if kind == "array":
        length = schema.get("maxItems")
        return f"list of {length} numbers" if length else "list of numbers"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _checks(service: type[Service]) -> str:
    if service.name != "quality-assessment-estimator":
        return ""
    rules = {"at_least": "≥ {}", "above": "> {}", "below": "< {}", "within": "from −{0} to {0}", "is_zero": "0"}
    rows = [
        [
            f"`{check.flag}`",
            "true" if check.passes else "false",
            ", ".join(f"`{name}`" for name in check.measures) or "not published",
            rules[check.rule].format(f"{check.threshold:g}"),
        ]
        for check in CHECKS
    ]
    text = "Scores are from 0 to 100 here, as in v1; v2 divides all fields `…_score` by 100."
    return f"## Checks\n\n{text}\n\n{_table(['flag', 'passes if', 'because of', 'which is'], rows)}"


def _calls(service: type[Service]) -> str:
    if issubclass(service, MatchingService):
        return (
            "## Call it\n\n"
            "Two photos in one call, with a verdict: [verification](../verification.md). Two templates:\n\n"
            "```sh\ncurl -s -H 'Content-Type: application/json' --data-binary @pair.json \\\n"
            f"     {URL}/{service.name}/v2/process/sample\n```\n\n"
            "`pair.json` is the request below."
        )
    path = f"/{service.name}/v2/process/image"
    alone = issubclass(service, DetectingService)
    names = [service.name] if alone else [FaceFitter.name, service.name]
    form = "" if alone else f" -F services={','.join(names)}"
    curl = f"curl -s -F image=@photo.jpg{form} \\\n     '{URL}{path if alone else '/jobs/image?wait=30'}'"
    item = service.object_class
    shown, printed = SHOWN.get(service.name, item), ""
    example = service_example(service.name, DIALECTS["v2"], "response")
    if service.name in SHOWN and example:
        lines = [" ".join(map(str, _evaluated(shown, item, one))) for one in example["objects"]]
        printed = "\n\n```text\n" + "\n".join(lines) + "\n```"
    listed = ", ".join(f'"{name}"' for name in names)
    python = (
        "from faceline_client import Client\n\n"
        "with Client() as client:\n"
        f'    sample = client.analyse("photo.jpg", services=[{listed}])\n'
        f"for {item} in sample.objects:\n"
        f"    print({shown})"
    )
    note = "" if alone else "\n\nThe service needs faces, so this [job](../jobs.md) runs the face fitter first."
    return f"## Call it{note}\n\n```sh\n{curl}\n```\n\n```python\n{python}\n```{printed}"


def _evaluated(shown: str, item: str, value_of_item: Json) -> tuple[Any, ...]:
    """What an expression gives for an object of an example, whose keys are attributes as in the client."""
    named = json.dumps({**value_of_item, "object_class": value_of_item["class"]})
    value = eval(shown, {item: json.loads(named, object_hook=lambda keys: SimpleNamespace(**keys))})
    return value if isinstance(value, tuple) else (value,)


def _examples(service: type[Service]) -> str:
    parts = []
    for name, dialect in DIALECTS.items():
        for kind in ("request", "response"):
            example = service_example(service.name, dialect, kind)
            if example is not None:
                text = _json_text(_shortened(example))
                parts.append(f"### {kind.capitalize()} in {name}\n\n```json\n{text}\n```")
    if not parts:
        return ""
    note = "Images are shortened to `…`. [openapi.json](../openapi.json) has the examples as they can be sent."
    return "\n\n".join([f"## Examples\n\n{note}", *parts])


def _shortened(value: Any) -> Any:
    """JSON without the photo."""
    return json.loads(json.dumps(value).replace(photo_text(), "\u2026"))


def _json_text(value: Any, indent: int = 0) -> str:
    """JSON with what fits on a line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    pad = " " * indent
    if isinstance(value, dict) and value and len(line) + indent > _WIDTH:
        body = ",\n".join(f'{pad}  "{key}": {_json_text(part, indent + 2)}' for key, part in value.items())
        return f"{{\n{body}\n{pad}}}"
    if isinstance(value, list) and value and len(line) + indent > _WIDTH and not isinstance(value[0], int | float):
        body = ",\n".join(f"{pad}  {_json_text(part, indent + 2)}" for part in value)
        return f"[\n{body}\n{pad}]"
    return line


def _names(fields: Any) -> str:
    return ", ".join(sorted(field.name for field in fields)) or "nothing"


def _first_part(summary: str) -> str:
    return summary.rstrip(".")


def _table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


def pages() -> Mapping[str, str]:
    """The pages of all services, and their index, by the name of the file."""
    return {"index.md": index(), **{f"{name}.md": page_of(service) for name, service in services().items()}}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, text in pages().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8")
