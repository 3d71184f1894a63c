"""What FastAPI hands to the routes."""

from typing import Annotated

from fastapi import Depends, Request

from api.front import Front


def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


FrontDep = Annotated[Front, Depends(_front)]
