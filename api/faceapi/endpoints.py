"""The façade of a second vendor: `/faceapi/v1/*`. Always 200; what went wrong is in the body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from hmac import compare_digest
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic import Field as Key

from api.deps import FrontDep
from api.errors import detail_of
from api.front import Front
from api.openapi.schemas import Schemas
from api.uploads import parse_sample, read_sample
from config.errors import FacelineError
from jobs.factory import Options, Submission
from jobs.job import JobData, JobSpec, NewJob, Priority
from models.networks.emotions import EMOTIONS
from models.services.age_estimator import AgeEstimator
from models.services.face_fitter import FaceFitter
from models.services.gender_estimator import GenderEstimator
from pipelines.dialects import DIALECTS
from pipelines.encoding import decode_base64
from pipelines.sample import SampleObject

Json = dict[str, Any]


class Code(IntEnum):
    """What went wrong."""

    OK = 0
    MISSING_FIELD = 1
    BAD_KEY = 2
    BAD_IMAGE = 3
    NO_FACE = 4
    TOO_LARGE = 5
    TIMED_OUT = 6
    INTERNAL = 7


_CODES: Mapping[str, Code] = {
    "undecodable_base64": Code.BAD_IMAGE,
    "invalid_image": Code.BAD_IMAGE,
    "payload_too_large": Code.TOO_LARGE,
    "image_too_large": Code.TOO_LARGE,
    "invalid_sample": Code.MISSING_FIELD,
    "waited_too_long": Code.TIMED_OUT,
    "timed_out": Code.TIMED_OUT,
}


class FaceRequest(BaseModel):
    """A photo and the caller's key."""

    image: str = Key(description="base64")
    api_key: str


class FaceAnswer(BaseModel):
    """Ok with data, or Err with a code and a reason."""

    result: str
    code: Code
    message: str
    data: Json


@dataclass(eq=False)
class Refused(Exception):
    """The request ends with a code."""

    code: Code
    message: str


def faceapi_router(schemas: Schemas) -> APIRouter:
    """The three routes of the façade."""
    router = APIRouter(prefix="/faceapi/v1", tags=["faceapi"])
    for name, service, describe in (
        ("face_age_detection", "age-estimator", _age),
        ("face_gender_detection", "gender-estimator", _gender),
        ("face_expression_detection", "emotion-estimator", _expression),
    ):
        router.add_api_route(
            f"/{name}",
            _handler(service, describe),
            methods=["POST"],
            summary=name.replace("_", " ").capitalize(),
            operation_id=name,
            response_model=FaceAnswer,
            openapi_extra={"requestBody": {"required": True, **schemas.json(FaceRequest)}},
        )
    return router


def _handler(service: str, describe: Callable[[SampleObject], Json]) -> Callable[..., Any]:
    async def handle(request: Request, front: FrontDep) -> JSONResponse:
        try:
            face = await _judge(request, front, service)
            answer = FaceAnswer(result="Ok", code=Code.OK, message="", data=describe(face))
        except Refused as refused:
            answer = FaceAnswer(result="Err", code=refused.code, message=refused.message, data={})
        except FacelineError as error:
            answer = FaceAnswer(result="Err", code=_CODES.get(error.type, Code.INTERNAL), message=_text(error), data={})
        return JSONResponse(answer.model_dump())

    return handle


def _text(error: FacelineError) -> str:
    detail = detail_of(error)
    return detail if isinstance(detail, str) else "; ".join(entry["msg"] for entry in detail)


async def _judge(request: Request, front: Front, service: str) -> SampleObject:
    """The largest face of the photo, judged."""
    raw = await read_sample(request, front.settings.limits)

    def make() -> NewJob:
        given = parse_sample(raw)
        for key in ("image", "api_key"):
            if not isinstance(given.get(key), str):
                raise Refused(Code.MISSING_FIELD, f"`{key}` is mandatory, and a string")
        if not any(compare_digest(given["api_key"].encode(), key.encode()) for key in front.settings.faceapi_keys):
            raise Refused(Code.BAD_KEY, "unknown api_key")
        options = Options(front.settings.jobs.sync_ttl_s, "number", priority=Priority.HIGH)
        image = decode_base64(given["image"])
        return front.intake.accept(Submission((FaceFitter.name, service), {}, DIALECTS["v2"], options, image))

    return await front.process(make, _largest)


def _largest(_: JobSpec, data: JobData) -> SampleObject:
    assert data.result is not None
    faces = data.result.items[0].sample.objects
    if not faces:
        raise Refused(Code.NO_FACE, "no face was found")
    return max(faces, key=_area)


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
