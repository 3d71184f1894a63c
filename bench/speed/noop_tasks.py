"""Celery tasks that do nothing, in an app with Faceline's settings.

`python -P -m bench.speed.noop_tasks worker …` starts a worker for them.
"""

import sys
from functools import cache
from typing import Any

from broker.app import create_app
from config.settings import load_settings
from jobs.redis.connection import connect

NOTHING, REPLY = "bench.nothing", "bench.reply"

app = create_app()


@cache
def server() -> Any:
    """The connection of this process to the server."""
    return connect(load_settings().redis_url, patience_s=1)


def nothing() -> None:
    """A stage without work."""


def reply(to: str) -> None:
    """The last stage: pushes an empty reply to the list that the client reads."""
    server().lpush(to, b"")


app.task(name=NOTHING)(nothing)
app.task(name=REPLY)(reply)

if __name__ == "__main__":
    app.worker_main(sys.argv[1:])
