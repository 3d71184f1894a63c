"""Synchronous routes: run a job while its caller stays connected."""

from functools import partial

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.parts import ApiParts
from jobs.async_service import FinishedRun, UnparsedRequest
from jobs.errors import CallerLeft


async def run_while_connected(
    parts: ApiParts, http: Request, request: UnparsedRequest, owner: str | None = None
) -> FinishedRun:
    """Run a job while its caller waits, and erase it; cancel it if the caller closes the connection.

    Args:
        parts: of this process.
        http: the request of the caller; its body has been read.
        request: for the job.
        owner: of the job.

    Raises:
        ClientDisconnect: the caller closed the connection.
        FacelineError: as `AsyncJobService.run_and_erase` does.
    """
    wait_s = parts.settings.jobs.sync_timeout_s
    try:
        return await parts.async_jobs.run_and_erase(request, wait_s, partial(_disconnected, http), owner)
    except CallerLeft as error:
        raise ClientDisconnect from error


async def _disconnected(http: Request) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass
