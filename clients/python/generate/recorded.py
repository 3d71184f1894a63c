"""Writes the answers of `faceline_client.testing` from the examples of the API: `python recorded.py`, or `make client`.

The examples are answers of a real deployment; their templates are made up.
"""

import json
from pathlib import Path
from typing import Any

from api.batches.row_formats import row_types
from api.services.listing import BatchLimits, KeepingView, OffersView, service_view
from config.settings import BatchSettings, JobSettings, LimitSettings
from models.catalogue import services
from pipelines.presets import PAIR_PRESETS, PRESETS

EXAMPLES = Path(__file__).parents[3] / "api" / "openapi" / "examples"
RECORDED = Path(__file__).parents[1] / "faceline_client" / "testing" / "recorded.json"
Json = dict[str, Any]


def text_of() -> str:
    """The file, as text."""
    recorded = {
        "services": offers().model_dump(mode="json"),
        "verification": read("verify.response.json"),
        "v1": objects("v1"),
        "v2": objects("v2"),
    }
    return json.dumps(recorded, indent=1, sort_keys=True) + "\n"


def offers() -> OffersView:
    """What `GET /services` answers with default settings."""
    jobs, batches = JobSettings(), BatchSettings()
    return OffersView(
        services=[service_view(service, LimitSettings()) for service in services().values()],
        presets={name: list(names) for name, names in {**PRESETS, **PAIR_PRESETS}.items()},
        keeping=KeepingView(ttl_s=jobs.ttl_s, max_ttl_s=jobs.max_ttl_s),
        batches=BatchLimits(requests=batches.requests, body_bytes=batches.body_bytes, formats=row_types()),
    )


def objects(dialect: str) -> Json:
    """A face and a body with the fields of all services, and the difference of two faces, in a dialect."""
    found: Json = {"face": {}, "body": {}}
    for service in services().values():
        file = EXAMPLES / dialect / f"{service.name}.response.json"
        if not file.exists():
            continue
        answer = read(f"{dialect}/{service.name}.response.json")
        if "verification" in answer:
            found["verification"] = answer["verification"]
        else:
            found[service.object_class].update(answer["objects"][0])
    return {**found, "face": {**found["face"], "age": int(found["face"]["age"])}}


def read(name: str) -> Json:
    """An example."""
    example: Json = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    return example


if __name__ == "__main__":
    RECORDED.write_text(text_of(), encoding="utf-8")
