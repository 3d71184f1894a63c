"""A Celery app of tasks that do nothing, with the settings of the real one: `celery -A bench.speed.noop worker`."""

from functools import cache
from typing import Any

from celery import Celery

from config.settings import load_settings
from jobs.redis.connection import connect

NOTHING, REPLY = "bench.nothing", "bench.reply"

app = Celery("bench")
app.config_from_object("celeryconfig")


@cache
def server() -> Any:
    """The server of this process."""
    return connect(load_settings().redis_url, patience_s=1)


def nothing() -> None:
    """A stage without work."""


def reply(to: str) -> None:
    """The last stage: tell who waits."""
    server().lpush(to, b"")


app.task(name=NOTHING)(nothing)
app.task(name=REPLY)(reply)
