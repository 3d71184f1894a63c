"""Renews the examples of the OpenAPI documents with the answers of a real deployment: `make openapi-examples`.

Each service that needs no more than the face fitter gives, and the matcher, gets an example in each dialect. A new
service has no examples until this has run, and works without.
"""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from api.openapi.example_files import PHOTO_MARK, photo_text, sample_with_photo
from config.settings import load_settings
from embedded.stack import running_stack
from models.catalogue import services
from models.networks.template import DIMENSION, encode
from models.output import BBOX, CONFIDENCE, IMAGE, TEMPLATE
from models.service import DetectingService, MatchingService, Service
from models.services.face_fitter import FaceFitter
from pipelines.dialects import DIALECTS, Dialect
from pipelines.dialects.codec import WriteContext

FOLDER = Path(__file__).parents[2] / "api" / "openapi" / "examples"
DECIMALS = 4
"""Of all numbers: enough for readers, and equal on all machines but for rare cases."""

Json = dict[str, Any]


def main() -> None:
    """Start a stack, ask each service for an answer in each dialect, and write both down."""
    with TemporaryDirectory() as folder:
        os.environ["FACELINE_DATA_DIR"] = str(Path(folder) / "data")
        with (
            running_stack(load_settings(), "127.0.0.1", 0, sys.stderr) as stack,
            httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client,
        ):
            for dialect in DIALECTS.values():
                fitted = ask(client, FaceFitter, dialect, sample_with_photo(dialect))
                for service in services().values():
                    request = request_of(service, dialect, fitted)
                    if request is not None:
                        write(service, dialect, "request", request)
                        write(service, dialect, "response", ask(client, service, dialect, request))
            pair = {"a": {"image": photo_text()}, "b": {"image": photo_text()}}
            write_file("verify.request.json", pair)
            write_file("verify.response.json", rounded(client.post("/verify", json=pair).raise_for_status().json()))


def request_of(service: type[Service], dialect: Dialect, fitted: Json) -> Json | None:
    """What a service can be asked; None if it needs what the fitter does not give."""
    if issubclass(service, DetectingService):
        return sample_with_photo(dialect)
    if issubclass(service, MatchingService) and service.needs == {TEMPLATE}:
        return {"objects": [{"class": "face", **made_up_template(dialect, one)} for one in (1, 2)]}
    if not service.needs <= {IMAGE, *FaceFitter.outputs}:
        return None
    if not service.needs_only_boxes():
        return fitted
    kept = ("id", "class", *(dialect.key_of(field) for field in (CONFIDENCE, BBOX)))
    return {**fitted, "objects": [{key: item[key] for key in kept} for item in fitted["objects"]]}


def ask(client: httpx.Client, service: type[Service], dialect: Dialect, request: Json) -> Json:
    """The answer of a service, with rounded numbers, and with a made-up template: those of people are not stored."""
    response = client.post(f"/{service.name}/{dialect.name}/process/sample", json=request)
    response.raise_for_status()
    answer: Json = rounded(response.json())
    if TEMPLATE in service.gives:
        answer["objects"] = [{**item, **made_up_template(dialect, 1)} for item in answer["objects"]]
    return answer


def made_up_template(dialect: Dialect, number: int) -> Json:
    """A valid template of no face, as the dialect writes it.

    Those of 1 and 2 are as similar as the templates of two photos of one person.
    """
    embedding = np.ones(DIMENSION, np.float32)
    embedding[:: 4 * number] = -1
    codec = dialect.codecs[TEMPLATE]
    template = encode(embedding / np.linalg.norm(embedding))
    return {codec.key: codec.write(template, WriteContext((0, 0), "string")), **codec.constants}


def rounded(value: Any) -> Any:
    """JSON with all its numbers rounded."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, DECIMALS) if isinstance(value, float) else value


def write(service: type[Service], dialect: Dialect, kind: str, sample: Json) -> None:
    """Write the example of a service."""
    write_file(f"{dialect.name}/{service.name}.{kind}.json", sample)


def write_file(name: str, example: Json) -> None:
    """Write an example, with a mark where a photo goes."""
    text = json.dumps(example, indent=1).replace(photo_text(), PHOTO_MARK)
    file = FOLDER / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
