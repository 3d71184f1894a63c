"""Requests whose responses must be as the document of the API describes them."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.integration.conftest import Deployment, Json

LINES = "application/x-ndjson"


@dataclass(frozen=True)
class Documented:
    """A deployment, with its document."""

    deployment: Deployment
    document: Json

    @classmethod
    def of(cls, deployment: Deployment, path: str = "") -> "Documented":
        """A deployment with the document of all routes, or of a service."""
        return cls(deployment, dict(deployment.client.get(f"{path}/openapi.json").json()))

    def request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """The response to a request; the test fails if it is not documented."""
        response = self.deployment.client.request(method, path, **sent)
        (name,) = (name for name in self.document["paths"] if _matches(name, path))
        self.check(self.document["paths"][name][method.lower()], response)
        return response

    def check(self, operation: Json, response: httpx.Response) -> None:
        """Fail if a response of an operation is not documented."""
        responses = operation["responses"]
        documented = responses.get(str(response.status_code)) or responses["default"]
        media_type = response.headers["content-type"].partition(";")[0]
        schema = documented["content"][media_type]["schema"]
        if media_type == LINES:
            for line in response.text.splitlines():
                self._validate(schema["contentSchema"], json.loads(line))
        else:
            self._validate(schema, response.json())

    def _validate(self, schema: Json, value: Any) -> None:
        Draft202012Validator({**schema, "components": self.document["components"]}).validate(value)


def _matches(name: str, path: str) -> bool:
    """Whether a path is one of a documented path, which has parameters in braces."""
    named, given = name.split("/"), path.split("/")
    pairs = zip(named, given, strict=False)
    return len(named) == len(given) and all(one == other or one.startswith("{") for one, other in pairs)
