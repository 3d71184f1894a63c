"""`POST /verify`: runs a verification as one job, while its caller waits."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from api.access import Processor
from api.early import Waited
from api.openapi.example_files import verify_example
from api.openapi.responses import OTHER, PROCESSING, error_responses
from api.openapi.schemas import PhotoPairForm, Schemas
from api.parameters import refuse_in_query
from api.parts import PartsDep
from api.responses import SampleResponse
from api.services.endpoints import TOO_LATE
from api.uploads import image_of, read_form, read_sample
from api.verify.requests import VerifyBody, VerifyForm
from api.verify.schemas import VerificationAnswer, VerifyOptions, VerifyRequest
from api.waiting import run_while_connected
from jobs.answer import write_answer
from models.services.face_fitter import FaceFitter

PATH = "/verify"
WAITED_VERIFICATION: Mapping[str, Waited] = {PATH: Waited(FaceFitter.family)}
"""The route by its path, for `EarlyRefusals`."""
FIELDS = ("image_a", "image_b")
"""The fields of a form that have the photos."""

_REFUSED = error_responses(
    {
        422: "A photo cannot be compared: its type is no_face, several_faces, low_quality or not_live, and `detail` "
        "begins with `photo a` or `photo b`; or the request is not valid."
    }
)


def verify_router(schemas: Schemas) -> APIRouter:
    """The route of verifications."""
    router = APIRouter(tags=["verification"])
    body = schemas.json(VerifyRequest, verify_example("request"))
    form = schemas.form(VerifyOptions, images=PhotoPairForm)
    answer = schemas.json(VerificationAnswer, verify_example("response"))
    router.add_api_route(
        PATH,
        verify,
        methods=["POST"],
        response_class=SampleResponse,
        responses={
            200: {"description": "Whether the faces match.", **answer},
            **OTHER,
            **PROCESSING,
            **_REFUSED,
            **TOO_LATE,
        },
        openapi_extra={"requestBody": {"required": True, "content": {**body["content"], **form["content"]}}},
    )
    return router


async def verify(request: Request, parts: PartsDep, caller: Processor) -> Response:
    """Compare the faces of two photos or templates; nothing is kept.

    The photos come in a form, or in base64 in JSON; JSON takes templates too. `POST /jobs` with the preset `verify`
    does the same asynchronously.
    """
    refuse_in_query(request, VerifyOptions.model_fields, "send it as a key of the JSON, or as a field of the form")
    limits = parts.settings.limits
    unparsed: VerifyBody | VerifyForm
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        form = await read_form(request, limits, FIELDS)
        images = [await image_of(form, field) for field in FIELDS]
        unparsed = VerifyForm(images, {name: value for name, value in form.items() if name not in FIELDS})
    else:
        unparsed = VerifyBody(await read_sample(request, limits.with_another_image))
    with parts.caller_admission.serving(FaceFitter.family):
        done = await run_while_connected(parts, request, unparsed, caller.owner)
    return SampleResponse(write_answer(done.spec, done.data, None))
