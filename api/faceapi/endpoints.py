"""The API of a second vendor: `/faceapi/v1/*`. The status is always 200; the body says what went wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hmac import compare_digest
from math import ceil

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from access.caller import Caller
from access.errors import MissingScope, Unauthenticated
from access.key import Scope
from api.access import KEY_IN_BODY, authenticated
from api.audit import note_of
from api.branches import Branch
from api.errors import count_refusal, public_detail
from api.faceapi.schemas import (
    CODES,
    AgeAnswer,
    Code,
    ExpressionAnswer,
    FaceAnswer,
    FaceRequest,
    GenderAnswer,
    Json,
)
from api.openapi.example_files import photo_text
from api.openapi.schemas import Schemas
from api.parts import ApiParts, PartsDep
from api.uploads import read_sample
from api.waiting import run_while_connected
from config.errors import FacelineError
from config.settings import LimitSettings
from jobs.errors import type_of
from jobs.factory import JobFactory, Submission
from jobs.job import Priority, RunOptions
from jobs.json_parsing import parse_object
from models.networks.emotions import EMOTIONS
from models.services.age_estimator import AgeEstimator
from models.services.face_fitter import FaceFitter
from models.services.gender_estimator import GenderEstimator
from pipelines.dialects import DIALECTS
from pipelines.encoding import decode_image
from pipelines.sample import SampleObject


@dataclass(eq=False)
class Refused(Exception):
    """The answer is an error of this API's own."""

    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class PhotoBody:
    """The body of a route: an `UnparsedRequest`.

    Attributes:
        service: that runs on the largest face.
        given: the JSON of the body, with the fields that it must have.
    """

    service: str
    given: Json

    @property
    def light(self) -> bool:
        """See `UnparsedRequest.light`."""
        return True  # its JSON is parsed already

    def parse(self, factory: JobFactory) -> Submission:
        """See `UnparsedRequest.parse`."""
        options = RunOptions(
            factory.jobs.sync_ttl_s,
            "number",
            priority=Priority.HIGH,
            max_faces=1,
            deadline_s=ceil(factory.jobs.sync_timeout_s),
        )
        image = decode_image(self.given["image"])
        return Submission((FaceFitter.name, self.service), {}, DIALECTS["v2"], options, image)


def faceapi_router(schemas: Schemas) -> APIRouter:
    """The three routes."""
    router = Branch("/faceapi/v1", prefix="/faceapi/v1", tags=["faceapi"], dependencies=[KEY_IN_BODY])
    body = schemas.json(FaceRequest, {"image": photo_text(), "api_key": "an API key of the deployment"})
    for name, service, describe, answer in (
        ("face_age_detection", "age-estimator", _age, AgeAnswer),
        ("face_gender_detection", "gender-estimator", _gender, GenderAnswer),
        ("face_expression_detection", "emotion-estimator", _expression, ExpressionAnswer),
    ):
        router.add_api_route(
            f"/{name}",
            _handler(service, describe),
            methods=["POST"],
            summary=name.replace("_", " ").capitalize(),
            description=f"What {service} finds of the largest face of a photo. The status is 200 also for errors.",
            operation_id=name,
            response_model=answer,
            response_description="The answer, or an error: `result` says which.",
            openapi_extra={"requestBody": {"required": True, **body}},
        )
    return router


def _handler(service: str, describe: Callable[[SampleObject], Json]) -> Callable[..., Awaitable[JSONResponse]]:
    async def handle(request: Request, parts: PartsDep) -> JSONResponse:
        try:
            face = await _largest_face(request, parts, service)
            answer = FaceAnswer(result="Ok", code=Code.OK, message="", data=describe(face))
        except Refused as refused:
            answer = FaceAnswer(result="Err", code=refused.code, message=refused.message, data={})
        except FacelineError as error:
            count_refusal(type_of(error))
            code = CODES.get(type_of(error), Code.INTERNAL)
            answer = FaceAnswer(result="Err", code=code, message=_text(error), data={})
        return JSONResponse(answer.model_dump())

    return handle


def _text(error: FacelineError) -> str:
    detail = public_detail(error)
    return detail if isinstance(detail, str) else "; ".join(entry["msg"] for entry in detail)


async def _largest_face(request: Request, parts: ApiParts, service: str) -> SampleObject:
    await parts.caller_admission.require_room(parts.catalogue[service].family)
    body = await read_sample(request, parts.settings.limits)
    # In a thread, as parsing takes time.
    given = await asyncio.to_thread(_parse, body, parts.settings.limits)
    caller = await _caller(parts, given["api_key"])
    note = note_of(request.scope)
    note.caller, note.scope = caller, Scope.PROCESS
    owner = caller.owner if caller else None
    with parts.caller_admission.serving(parts.catalogue[service].family):
        done = await run_while_connected(parts, request, PhotoBody(service, given), owner)
    assert done.data.result is not None
    faces = done.data.result.items[0].sample.objects
    if not faces:
        raise Refused(Code.NO_FACE, "no face was found")
    return max(faces, key=_area)


def _parse(body: bytes, limits: LimitSettings) -> Json:
    """The fields of a body.

    Raises:
        InvalidSample: it is no JSON object.
        PayloadTooLarge: it has more than the limits allow.
        Refused: a field is missing.
    """
    given = parse_object(body, limits)
    for name in ("image", "api_key"):
        if not isinstance(given.get(name), str):
            raise Refused(Code.MISSING_FIELD, f"`{name}` is missing or not a string: send it as text")
    return given


async def _caller(parts: ApiParts, api_key: str) -> Caller | None:
    """The caller with a key; None for a key of the setting `faceapi_keys`.

    Raises:
        Refused: it is not a live key, or does not have the scope `process`.
    """
    if any(compare_digest(api_key.encode(), key.encode()) for key in parts.settings.faceapi_keys):
        return None
    try:
        caller = await authenticated(parts.keyring, api_key)
        caller.require(Scope.PROCESS)
    except (Unauthenticated, MissingScope) as error:
        raise Refused(Code.BAD_KEY, str(error)) from error
    if caller.key_id is None:
        raise Refused(Code.BAD_KEY, "unknown api_key")
    return caller


def _area(face: SampleObject) -> float:
    assert face.bbox is not None
    x1, y1, x2, y2 = face.bbox
    return (x2 - x1) * (y2 - y1)


def _age(face: SampleObject) -> Json:
    age = AgeEstimator.output.of(face)
    assert age is not None
    return {"age": round(age)}


def _gender(face: SampleObject) -> Json:
    gender = GenderEstimator.output.of(face)
    assert gender is not None
    assert gender.confidence is not None
    return {"gender": gender.value[0].upper(), "genderProbability": round(100 * gender.confidence)}


def _expression(face: SampleObject) -> Json:
    emotions = EMOTIONS.of(face)
    assert emotions is not None
    names = ("neutral", "happy", "sad", "angry", "scared", "disgusted", "surprised")
    percents = whole_percents([getattr(emotions, name) for name in names])
    return {"fearful" if name == "scared" else name: value for name, value in zip(names, percents, strict=True)}


def whole_percents(shares: list[float]) -> list[int]:
    """Shares that sum to 1 as whole percents that sum to 100: the largest remainders are rounded up (Hamilton)."""
    exact = [100 * share / sum(shares) for share in shares]
    whole = [int(value) for value in exact]
    remainders = sorted(range(len(exact)), key=lambda index: exact[index] - whole[index], reverse=True)
    for index in remainders[: 100 - sum(whole)]:
        whole[index] += 1
    return whole
