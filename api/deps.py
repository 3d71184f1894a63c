"""What FastAPI hands to the routes."""

from typing import Annotated

from fastapi import Depends, Request

from api.front import Front


# Not a plain function: FastAPI would run it in a thread.
async def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


FrontDep = Annotated[Front, Depends(_front)]
