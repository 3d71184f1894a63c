"""FastAPI with a thread pool in one process: the simplest server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

from bench.peers.pipeline import Pipeline, port, threads


def create_app() -> FastAPI:
    """The app: its only route takes a photo and gives the enriched sample."""
    app = FastAPI()
    pipeline = Pipeline()
    pool = ThreadPoolExecutor(threads())

    @app.post("/")
    async def process(request: Request) -> Response:
        photo = await request.body()
        sample = await asyncio.get_running_loop().run_in_executor(pool, pipeline, photo)
        return Response(to_json(sample), media_type="application/json")

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(), host="127.0.0.1", port=port(), log_config=None, access_log=False)
