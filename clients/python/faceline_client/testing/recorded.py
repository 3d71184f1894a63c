"""Answers that were recorded from a real deployment: `make client` renews them."""

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

Json = dict[str, Any]


@cache
def _recorded() -> Json:
    loaded: Json = json.loads((files("faceline_client.testing") / "recorded.json").read_text(encoding="utf-8"))
    return loaded


def offers() -> Json:
    """What `GET /services` answers."""
    return copy.deepcopy(_recorded()["services"])


def verification(match: bool) -> Json:
    """What `POST /verify` answers for two photos of one person, or of two people."""
    answer: Json = copy.deepcopy(_recorded()["verification"])
    if not match:
        answer |= {"match": False, "distance": 9000, "fa_r": 0.4, "fr_r": 0.0, "score": 0.4}
    return answer


def services() -> Mapping[str, Json]:
    """The services, by name."""
    return {service["name"]: service for service in _recorded()["services"]["services"]}


def presets() -> Mapping[str, Sequence[str]]:
    """The services of each preset."""
    presets: Mapping[str, Sequence[str]] = _recorded()["services"]["presets"]
    return presets


def result(names: Sequence[str], dialect: str, faces: int, sent: Mapping[str, Any]) -> Json:
    """The sample that some services give.

    Args:
        names: of the services.
        dialect: `v1` or `v2`.
        faces: how many faces there are; a photo with faces has as many bodies.
        sent: the sample that was sent; its image is left out.
    """
    recorded = _recorded()[dialect]
    known = services()
    chosen = [known[name] for name in names]
    answer: Json = {key: value for key, value in sent.items() if key not in ("objects", "$image", "_image")}
    if any(service["family"] == "matching" for service in chosen):
        return {**answer, "objects": sent.get("objects", []), "verification": recorded["verification"]}
    finds = [service for service in chosen if service["needs"] == ["image"]]
    if finds or not sent.get("objects"):
        kinds = sorted({service["object_class"] for service in (finds or chosen)})
        objects = [{"class": kind} for kind in kinds for _ in range(faces)]
    else:
        objects = [dict(item) for item in sent["objects"]]
    for index, item in enumerate(objects):
        kind = item.get("class", "face")
        keys = {
            service["keys"][dialect][field]
            for service in chosen
            for field in service["gives"]
            if service["object_class"] == kind
        }
        given = {key: value for key, value in recorded[kind].items() if key in keys or key in _along(keys)}
        item |= {"id": index, **{key: value for key, value in copy.deepcopy(given).items() if key not in item}}
    return {**answer, "objects": objects}


def _along(keys: set[str]) -> set[str]:
    return {"template_size"} if "$template" in keys else set()
