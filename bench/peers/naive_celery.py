"""A Celery chain like that of tutorials: one task per service, and each message carries the photo in base64.

Results go through the backend, the pool is the default one (a process per core), and all settings are the defaults.

`python -m bench.peers.naive_celery` serves HTTP and starts a worker; with the argument `worker` it is the worker.
"""

import subprocess
import sys
from base64 import b64decode, b64encode
from functools import cache
from typing import Any

import cv2
import uvicorn
from celery import Celery, chain
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from bench.peers.pipeline import DIALECT, names, port, threads
from config.engine import ON_CPU
from config.settings import load_settings
from models.catalogue import services
from models.imaging.decode import decode
from models.runtime.loaded import LoadedModels
from pipelines.chunk import Item
from pipelines.dialects.codec import WriteContext
from pipelines.load import load_items
from pipelines.run import run_service
from pipelines.sample import Sample

TASK = "bench.naive"
URL = load_settings().redis_url.replace("unix://", "redis+socket://", 1)

app = Celery("naive", broker=URL, backend=URL)


@cache
def sessions() -> LoadedModels:
    """The model sessions of a worker process."""
    # OpenCV's own threads would compete with the processes; Faceline's workers do the same.
    cv2.setNumThreads(1)
    settings = load_settings()
    return LoadedModels(services(settings.modules), settings.weights_dir, ON_CPU)


def run(message: dict[str, Any], name: str) -> dict[str, Any]:
    """Runs one service, and gives the message for the next one."""
    photo = b64decode(message["image"])
    item = Item(sample=Sample.model_validate(message["sample"]), blob="photo")
    run_service(sessions().service(name), load_items([item], lambda _: decode(photo)), fail_fast=True)
    if item.failures:
        raise RuntimeError(item.failures[0])
    return {"image": message["image"], "sample": item.sample.model_dump(mode="json")}


app.task(name=TASK)(run)


def create_app() -> FastAPI:
    """The HTTP server: it sends a chain for each photo and waits for its result."""
    http = FastAPI()
    services_asked = names()
    fields = {field.name for name in services_asked for field in services()[name].gives}

    def process(photo: bytes) -> bytes:
        message = {"image": b64encode(photo).decode(), "sample": {}}
        first, *others = [app.signature(TASK, args=(name,)) for name in services_asked]
        result = chain(first.clone(args=(message,)), *others).apply_async().get(timeout=60)
        sample = Sample.model_validate(result["sample"])
        context = WriteContext(sample.size or (0, 0), "number")
        return to_json(DIALECT.write(sample, {}, replaces_objects=True, fields=fields, context=context))

    @http.post("/")
    async def post(request: Request) -> Response:
        body = await request.body()
        return Response(await run_in_threadpool(process, body), media_type="application/json")

    return http


if __name__ == "__main__":
    if sys.argv[1:]:
        app.worker_main([*sys.argv[1:], "--concurrency", str(threads()), "--loglevel", "ERROR"])
        sys.exit()
    worker = subprocess.Popen([sys.executable, "-P", "-m", "bench.peers.naive_celery", "worker"])
    try:
        uvicorn.run(create_app(), host="127.0.0.1", port=port(), log_config=None, access_log=False)
    finally:
        worker.terminate()
        worker.wait()
