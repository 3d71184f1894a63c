"""`FakeFaceline`: a transport of httpx that answers as the API does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from uuid import uuid4

import httpx

from faceline_client.testing import recorded
from faceline_client.testing.archives import names_of
from faceline_client.testing.recorded import Json

NOW = "2026-01-01T00:00:00Z"
PICTURE = bytes.fromhex("ffd8ffdb004300" + "01" * 64 + "ffc0000b080001000101011100ffc4001401" + "00" * 15 + "ffd9")
"""The beginning and the end of a JPEG, with nothing to see between them."""


class Refusal(Exception):
    """The fake refuses a request, as the API would."""

    def __init__(self, status: int, type_: str, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        self.body = {"detail": detail, "type": type_}


@dataclass(slots=True)
class _Kept:
    """A job or batch, as the fake keeps it."""

    view: Json
    photo: bool = False
    rows: tuple[Json, ...] = ()


class FakeFaceline(httpx.MockTransport):
    """A fake API. Jobs and batches end at once, and succeed.

    Args:
        key: the API key that it asks for; None asks for none.

    Attributes:
        faces: how many faces each photo has.
        match: whether verifications find one person on both photos.
        requests: that it got, in their order.
    """

    def __init__(self, key: str | None = None) -> None:
        super().__init__(self._answer)
        self.faces = 1
        self.match = True
        self.requests: list[httpx.Request] = []
        self._key = key
        self._refusals: list[Refusal | None] = []
        self._jobs: dict[str, _Kept] = {}
        self._batches: dict[str, _Kept] = {}
        self._by_key: dict[str, str] = {}

    def refuse(self, status: int, type: str, detail: str = "refused", retry_after_s: int | None = None) -> None:  # noqa: A002
        """Refuse the next request; called several times, the next ones."""
        self._refusals.append(Refusal(status, type, detail, retry_after_s))

    def hang_up(self) -> None:
        """Break the connection of the next request, once the request has done its work."""
        self._refusals.append(None)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        refusal = self._refusals.pop(0) if self._refusals else Refusal(0, "", "")
        try:
            if refusal is not None and refusal.status:
                raise refusal
            response = self._route(request)
        except Refusal as error:
            return httpx.Response(error.status, json=error.body, headers=error.headers)
        if refusal is None:
            raise httpx.ReadError("the fake hung up", request=request)
        return response

    def _route(self, request: httpx.Request) -> httpx.Response:
        if self._key is not None and request.headers.get("Authorization") != f"Bearer {self._key}":
            raise Refusal(401, "unauthenticated", "a valid API key is needed")
        parts = request.url.path.strip("/").split("/")
        routes: Mapping[tuple[str, str, int], Callable[[httpx.Request, list[str]], Any]] = {
            ("GET", "services", 1): lambda *_: recorded.offers(),
            ("GET", "version", 1): lambda *_: _version(),
            ("GET", "queues", 1): lambda *_: {"queues": []},
            ("GET", "dead-letters", 1): lambda *_: {"dead_letters": []},
            ("POST", "verify", 1): lambda *_: recorded.verification(self.match),
            ("POST", "jobs", 1): self._submit,
            ("POST", "jobs", 2): self._submit,
            ("GET", "jobs", 1): lambda *_: {"jobs": _views(self._jobs), "next": None},
            ("DELETE", "jobs", 1): lambda *_: self._erase_everything(),
            ("POST", "batches", 1): self._submit_batch,
            ("GET", "batches", 1): lambda *_: {"batches": _views(self._batches), "next": None},
        }
        if answer := routes.get((request.method, parts[0], len(parts))):
            found = answer(request, parts)
            return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)
        if parts[0] in ("jobs", "batches") and len(parts) > 1:
            return self._about(request, *parts)
        if request.method == "POST" and parts[-2:] == ["process", "sample"]:
            return httpx.Response(200, json=self._process(request, parts))
        raise Refusal(404, "not_found", "Not Found")

    def _process(self, request: httpx.Request, parts: list[str]) -> Json:
        sent = json.loads(request.content)
        dialect = "v2" if parts[1] == "v2" else "v1"
        answer = recorded.result(self._known([parts[0]]), dialect, self.faces, sent)
        for item in answer["objects"]:
            if "age" in item:
                item["age"] = str(item["age"])
        return {**{key: value for key, value in sent.items() if key in ("$image", "_image")}, **answer}

    def _submit(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        asked = _form(request) if parts[1:] == ["image"] else json.loads(request.content)
        if "sample" not in asked and "a" not in asked and "image" not in asked:
            raise Refusal(422, "invalid_sample", "neither a sample nor an image")
        key = request.headers.get("Idempotency-Key", uuid4().hex)
        if self._by_key.get(key) not in self._jobs:
            names = self._services(asked)
            sample = asked.get("sample", {})
            dialect = "v1" if "$image" in sample else "v2"
            if "a" in asked:
                result = recorded.verification(self.match)
            else:
                result = recorded.result(names, dialect, self.faces, sample)
            stages = [{"service": name, "status": "succeeded", "ms": 10.0} for name in names]
            identifier = uuid4().hex
            view: Json = {"id": identifier, "status": "succeeded", "services": names, "stages": stages, "error": None}
            times = dict.fromkeys(("created_at", "started_at", "finished_at"), NOW)
            view |= {**times, "metadata": asked.get("metadata"), "result": result}
            self._jobs[identifier] = _Kept(view, photo=bool(asked.get("include_image")))
            self._by_key[key] = identifier
        view = self._jobs[self._by_key[key]].view
        return httpx.Response(200, json=view) if "wait" in request.url.params else httpx.Response(202, json=view)

    def _submit_batch(self, request: httpx.Request, _: list[str]) -> httpx.Response:
        key = request.headers.get("Idempotency-Key", uuid4().hex)
        if self._by_key.get(key) not in self._batches:
            rows = []
            for line, (name, asked) in enumerate(names_of(request.content, request.headers["Content-Type"]), 1):
                names = self._services(asked or dict(request.url.params))
                answer = recorded.result(names, "v2", self.faces, {})
                rows.append(
                    {"custom_id": name, "line": line, "image_width": 640, "image_height": 480, "result": answer}
                )
            counts = dict.fromkeys(("failed", "canceled", "expired", "in_progress"), 0)
            counts |= {"total": len(rows), "succeeded": len(rows)}
            identifier = uuid4().hex
            times = dict.fromkeys(("created_at", "finished_at"), NOW)
            view = {"id": identifier, "status": "completed", "counts": counts, **times}
            self._batches[identifier] = _Kept(view, rows=tuple(rows))
            self._by_key[key] = identifier
        return httpx.Response(202, json=self._batches[self._by_key[key]].view)

    def _about(self, request: httpx.Request, kind: str, identifier: str, what: str = "", *_: str) -> httpx.Response:
        """The answer to a request about one job or batch."""
        kept = (self._jobs if kind == "jobs" else self._batches).get(identifier)
        if kept is None:
            one = "job" if kind == "jobs" else "batch"
            raise Refusal(404, f"{one}_unknown", f"there is no {one} {identifier}")
        if request.method == "DELETE":
            del (self._jobs if kind == "jobs" else self._batches)[identifier]
            return httpx.Response(204)
        if what == "retry":
            raise Refusal(409, "not_retryable", "the job did not fail")
        if what == "picture":
            if not kept.photo:
                raise Refusal(410, "photo_gone", "the photo is gone: submit with include_image")
            return httpx.Response(200, content=PICTURE, headers={"Content-Type": "image/jpeg"})
        if what in ("output", "errors"):
            rows = kept.rows if what == "output" else ()
            text = "".join(json.dumps(row) + "\n" for row in rows)
            return httpx.Response(200, text=text, headers={"Content-Type": "application/x-ndjson"})
        return httpx.Response(
            202 if what == "cancel" else 200, json=kept.view["result"] if what == "result" else kept.view
        )

    def _erase_everything(self) -> Json:
        erased = {"jobs": len(self._jobs), "batches": len(self._batches)}
        self._jobs.clear()
        self._batches.clear()
        return erased

    def _services(self, asked: Mapping[str, Any]) -> list[str]:
        """The services that a request asks for."""
        named = asked.get("services")
        if asked.get("preset") is not None:
            named = recorded.presets().get(asked["preset"])
            if named is None:
                raise Refusal(422, "invalid_sample", f"there is no preset {asked['preset']}")
        if not named:
            raise Refusal(422, "invalid_sample", "services: give services, or a preset")
        return self._known(named.split(",") if isinstance(named, str) else list(named))

    def _known(self, names: list[str]) -> list[str]:
        for name in names:
            if name not in recorded.services():
                raise Refusal(422, "invalid_sample", f"unknown service {name}")
        return names


def _views(kept: Mapping[str, _Kept]) -> list[Json]:
    """The latest first, without their results."""
    return [{**one.view, "result": None} if "result" in one.view else one.view for one in reversed(list(kept.values()))]


def _version() -> Json:
    names = list(recorded.services())
    return {"version": "0.1.0", "services": names, "workers": ["fake"], "models": []}


def _form(request: httpx.Request) -> Json:
    """The fields of a form; texts that are JSON objects as objects."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    fields: Json = {}
    for part in message_from_bytes(head + request.content, policy=HTTP).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content if name == "image" else content.decode()
    if "metadata" in fields:
        fields["metadata"] = json.loads(fields["metadata"])
    return fields
