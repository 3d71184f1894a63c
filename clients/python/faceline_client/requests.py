"""The requests of the API as values, without sending them."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from tarfile import BLOCKSIZE, TarInfo
from typing import Any, Literal, TypedDict
from urllib.parse import quote
from uuid import uuid4

from faceline_client.photos import Template
from faceline_client.results import Batch, Job

Priority = Literal["high", "normal", "bulk"]
OnError = Literal["fail", "continue"]
PictureFormat = Literal["jpeg", "webp", "png"]
Layer = Literal["boxes", "points", "axes", "labels"]
OperatingPointName = Literal["convenience", "identity", "strict"]
WhichFace = Literal["largest", "single"]
TableForm = Literal["jsonl", "csv", "parquet"]

MEDIA_TYPES: Mapping[TableForm, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
LONGEST_WAIT_S = 60.0
"""How long the API lets a request wait."""


class Work(TypedDict, total=False):
    """What is to be done to photos: give either `services` or `preset`.

    Attributes:
        services: names, in the order in which they run.
        preset: the name of a preset, such as `face-analysis`.
        on_error: `continue`: a sample keeps the results of the other services when one fails.
        max_faces: keep so many of the faces that are found: the largest ones.
        ttl_s: how long the result is kept, in seconds.
    """

    services: Sequence[str]
    preset: str
    on_error: OnError
    max_faces: int
    ttl_s: int


class JobOptions(Work, total=False):
    """How a job runs and how it is kept.

    Attributes:
        include_image: keep the photo with the result, for `picture`.
        priority: workers take jobs of a higher priority first.
        metadata: handed back untouched.
        webhook: gets a message when the job ends: `{"url": …, "events": […]}`.
        idempotency_key: your name for the request: the same request with the same key gives the same job. Without one,
            each call makes a job, however often the client has to send it.
    """

    include_image: bool
    priority: Priority
    metadata: Mapping[str, Any]
    webhook: Mapping[str, Any]
    idempotency_key: str


class KeepOptions(TypedDict, total=False):
    """How a verification is kept that runs as a job: see `JobOptions`."""

    ttl_s: int
    include_image: bool
    priority: Priority
    metadata: Mapping[str, Any]
    webhook: Mapping[str, Any]
    idempotency_key: str


class VerifyOptions(TypedDict, total=False):
    """What is compared, and what the photos must be.

    Attributes:
        operating_point: the purpose whose threshold decides; by default `identity`.
        faces: which face of a photo is compared; `single` refuses photos with several faces.
        min_quality: the lowest total score of each photo, from 0 to 100; worse photos are refused.
        require_live: refuse photos whose face does not seem to be there in person.
    """

    operating_point: OperatingPointName
    faces: WhichFace
    min_quality: int
    require_live: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    Attributes:
        repeatable: sending it twice does the same as sending it once. Other requests are sent again only if the API has
            not accepted them.
        wait_s: how long the API may wait before it answers.
        files: the parts of a form that are files.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    files: Mapping[str, bytes] | None = None
    repeatable: bool = True
    wait_s: float = 0.0

    def waiting(self, seconds: float) -> "Call":
        """The same request, to which the API may answer later."""
        wait_s = min(max(seconds, 0.0), LONGEST_WAIT_S)
        return replace(self, params={**self.params, "wait": f"{wait_s:g}"}, wait_s=wait_s) if wait_s else self


def id_of(one: str | Job | Batch) -> str:
    """The id of a job or batch, as a part of a path."""
    return quote(one if isinstance(one, str) else one.id, safe="")


def get(path: str, params: Mapping[str, str] | None = None) -> Call:
    """Read something."""
    return Call("GET", path, params or {})


def picture(job_id: str, layers: Iterable[Layer] | None, form: PictureFormat, photo: Literal["a", "b"]) -> Call:
    """Read the annotated photo of a job."""
    params = {"photo": photo} if layers is None else {"photo": photo, "layers": ",".join(layers)}
    return Call("GET", f"/jobs/{job_id}/picture", params, {"Accept": f"image/{form}"})


def processed(service: str, version: int, sample: Mapping[str, Any]) -> Call:
    """Run one service on a sample, and wait for the answer."""
    return _json(f"/{quote(service, safe='')}/v{version}/process/sample", sample, repeatable=False)


def image_job(image: bytes, options: Mapping[str, Any]) -> Call:
    """Create a job for a photo."""
    key, options = _split(options)
    form = {name: _form_text(value) for name, value in options.items()}
    return Call("POST", "/jobs/image", headers=_key(key), form=form, files={"image": image})


def sample_job(sample: Mapping[str, Any], options: Mapping[str, Any]) -> Call:
    """Create a job for a sample."""
    key, options = _split(options)
    return _json("/jobs", {"sample": sample, **options}, _key(key))


def verification(a: bytes | Template, b: bytes | Template, options: Mapping[str, Any]) -> Call:
    """Compare two faces, and wait for the answer."""
    if isinstance(a, Template) or isinstance(b, Template):
        return _json("/verify", {"a": _side(a), "b": _side(b), **options}, repeatable=False)
    form = {name: _form_text(value) for name, value in options.items()}
    return Call("POST", "/verify", form=form, files={"image_a": a, "image_b": b}, repeatable=False)


def verification_job(a: bytes | Template, b: bytes | Template, options: Mapping[str, Any]) -> Call:
    """Create a job that compares two faces."""
    key, options = _split(options)
    return _json("/jobs", {"preset": "verify", "a": _side(a), "b": _side(b), **options}, _key(key))


def retry(job: str | Job) -> Call:
    """Submit a job again."""
    return Call("POST", f"/jobs/{id_of(job)}/retry", headers=_key())


def batch(content: bytes, media_type: str, work: Mapping[str, Any], key: str | None = None) -> Call:
    """Create a batch of an archive, or of lines of JSON."""
    params = {name: _form_text(value) for name, value in work.items()}
    return Call("POST", "/batches", params, {**_key(key), "Content-Type": media_type}, content)


def archive(images: Iterable[bytes]) -> bytes:
    """Photos as a tar, named by their place: the body of a batch that takes the least time to write and to read."""
    blocks = []
    for index, image in enumerate(images):
        header = TarInfo(str(index))
        header.size = len(image)
        blocks += [header.tobuf(), image, bytes(-len(image) % BLOCKSIZE)]
    return b"".join([*blocks, bytes(2 * BLOCKSIZE)])


def _json(
    path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None, repeatable: bool = True
) -> Call:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Call(
        "POST", path, {}, {"Content-Type": "application/json", **(headers or {})}, content, repeatable=repeatable
    )


def _split(options: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """The idempotency key of a job, and its other options."""
    return options.get("idempotency_key"), {name: value for name, value in options.items() if name != "idempotency_key"}


def _key(key: str | None = None) -> Mapping[str, str]:
    """The header that makes a request repeatable: the API does it once, however often it comes."""
    return {"Idempotency-Key": key or uuid4().hex}


def _side(face: bytes | Template) -> Mapping[str, str]:
    if isinstance(face, Template):
        return {"template": b64encode(face.data).decode()}
    return {"image": b64encode(face).decode()}


def _form_text(value: Any) -> str:
    """A value as text of a form or query."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return (
        json.dumps(value)
        if isinstance(value, Mapping)
        else ",".join(value)
        if isinstance(value, Sequence)
        else str(value)
    )
