"""A Celery app of tasks that do nothing, with the settings of the real one: `celery -A bench.speed.noop worker`."""

from functools import cache

from broker.app import create_app
from config.settings import load_settings
from jobs.redis.connection import Client, connect

NOTHING, REPLY = "bench.nothing", "bench.reply"

app = create_app()


@cache
def server() -> Client:
    """The server of this process."""
    return connect(load_settings().redis_url, patience_s=1)


def nothing() -> None:
    """A stage without work."""


def reply(to: str) -> None:
    """The last stage: tell who waits."""
    server().lpush(to, b"")


app.task(name=NOTHING)(nothing)
app.task(name=REPLY)(reply)
