"""The messages of webhooks in the documents: the section `webhooks` of OpenAPI 3.1."""

from typing import Annotated

from fastapi import APIRouter, Header

from jobs.webhooks.messages import BatchMessage, JobMessage

Id = Annotated[str, Header(description="the same in each attempt: a receiver that knows it ignores the message")]
Timestamp = Annotated[str, Header(description="when the attempt was made, in seconds since the epoch")]
Signature = Annotated[
    str, Header(description="`v1,` and an HMAC-SHA256 in base64; several with spaces while a secret is replaced")
]


def webhook_router() -> APIRouter:
    """The requests that Faceline sends to receivers. It is for the documents; the app has no such routes."""
    router = APIRouter(tags=["webhooks"])
    for name, endpoint in (("job", receive_job), ("batch", receive_batch)):
        router.add_api_route(
            name,
            endpoint,
            methods=["POST"],
            status_code=204,
            operation_id=f"receive-{name}",
            summary=f"Receive {name.capitalize()}",
            response_description="The message is accepted; so it is with any other 2xx.",
            responses={
                410: {"description": "The message is given up."},
                "default": {"description": "The message is sent again later."},
            },
        )
    return router


def receive_job(
    message: JobMessage, webhook_id: Id, webhook_timestamp: Timestamp, webhook_signature: Signature
) -> None:
    """A job with a webhook has ended."""


def receive_batch(
    message: BatchMessage, webhook_id: Id, webhook_timestamp: Timestamp, webhook_signature: Signature
) -> None:
    """A batch with a webhook has ended."""
