"""`GET /jobs/{id}/picture`: the photo of a job, with what was found on it."""

import asyncio
from collections.abc import Collection
from typing import Annotated, Literal

import cv2
from fastapi import APIRouter, Header, Path, Query, Response

from api.accept import preferred
from api.access import Reader
from api.errors import NotAcceptable
from api.openapi.responses import Responses, error_responses
from api.openapi.schemas import BINARY
from api.parts import PartsDep
from jobs.service import JobService
from models.imaging.decode import decode
from pipelines.drawing import LAYERS, Layer, draw_sample
from pipelines.pair import SIDES

MEDIA_TYPES = {"image/jpeg": ".jpg", "image/webp": ".webp", "image/png": ".png"}
"""What a picture is encoded as; the first one where the caller has no preference."""

_QUALITY = {"image/jpeg": (cv2.IMWRITE_JPEG_QUALITY, 90), "image/webp": (cv2.IMWRITE_WEBP_QUALITY, 85)}

_NAME = f"({'|'.join(LAYERS)})"
ALL_LAYERS = ",".join(LAYERS)
Layers = Annotated[
    str, Query(description="what is drawn, with commas between the names", pattern=f"^({_NAME}(,{_NAME})*)?$")
]
Side = Annotated[Literal["a", "b"], Query(description="which photo of a verification")]
Accept = Annotated[str, Header(include_in_schema=False)]

RESPONSES: Responses = {
    200: {
        "description": "The annotated photo.",
        "content": {media_type: {"schema": BINARY} for media_type in MEDIA_TYPES},
    },
    **error_responses(
        {
            404: "There is no such job.",
            406: "The caller accepts none of the three media types.",
            409: "The job is not over, was canceled, or is a part of a batch; or its record cannot be read.",
            410: "The photo is gone: the job was submitted without `include_image`, was erased, or has expired.",
            422: "The job failed because of its sample or image, or a parameter is not valid.",
            500: "The job failed.",
            504: "The job was not over at its deadline.",
        }
    ),
}


def add_picture(router: APIRouter) -> None:
    """Add the route to those of jobs."""
    # A decoded photo takes up to 200 MB: a process draws one picture at a time.
    drawing = asyncio.Semaphore(1)

    async def get_picture(
        parts: PartsDep,
        caller: Reader,
        job_id: Annotated[str, Path(description="the `id` of a job")],
        layers: Layers = ALL_LAYERS,
        photo: Side = "a",
        accept: Accept = "*/*",
    ) -> Response:
        """The photo of a job with boxes, points, head axes and labels; of a job that has kept it (`include_image`).

        The axes of a head: red points to the right of the picture, green to the chin, blue out of the nose. Photos are
        reduced to 2048 pixels, small ones enlarged to 640.
        """
        media_type = picture_type(accept)
        chosen = [layer for layer in LAYERS if layer in layers.split(",")]
        jobs = parts.jobs.seen_by(caller.viewer)
        async with drawing:
            picture = await asyncio.to_thread(_picture, jobs, job_id, SIDES.index(photo), chosen, media_type)
        # It shows a person, and can be erased: no cache may keep it.
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        return Response(picture, media_type=media_type, headers=headers)

    router.add_api_route(
        "/{job_id}/picture", get_picture, methods=["GET"], response_class=Response, responses=RESPONSES
    )


def picture_type(accept: str) -> str:
    """The media type of a picture: the one that the caller prefers; see `preferred`.

    Raises:
        NotAcceptable: the caller accepts none of them.
    """
    best = preferred(accept, MEDIA_TYPES)
    if best is None:
        raise NotAcceptable(f"this route gives {', '.join(MEDIA_TYPES)}")
    return best


def _picture(jobs: JobService, job_id: str, index: int, layers: Collection[Layer], media_type: str) -> bytes:
    found = jobs.annotated(job_id, index)
    drawn = draw_sample(decode(found.image), found.sample, layers)
    _, encoded = cv2.imencode(MEDIA_TYPES[media_type], drawn, _QUALITY.get(media_type, ()))
    return encoded.tobytes()
