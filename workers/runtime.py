"""What a worker process holds: built once, shared by its threads."""

import os
import socket
from dataclasses import dataclass
from functools import cache

from config.settings import Settings, load_settings
from jobs.redis.connection import Client, connect
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence
from models.catalogue import services
from models.runtime.sessions import Sessions
from pipelines.load import GROUP_PIXELS
from workers.images import ImageCache
from workers.references import References, is_far, is_reference
from workers.stage import StageRunner

STORE_PATIENCE_S = 30.0
"""For how long a worker waits for the store before it gives its message back."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of a worker process."""

    settings: Settings
    name: str
    client: Client
    store: RedisJobStore
    presence: Presence
    sessions: Sessions
    images: ImageCache
    stages: StageRunner


@cache
def runtime() -> Runtime:
    """The runtime of this process."""
    settings = load_settings()
    name = f"{socket.gethostname()}:{os.getpid()}"
    client = connect(settings.redis_url, patience_s=STORE_PATIENCE_S)
    store = RedisJobStore(client, settings.jobs)
    sessions = Sessions(services(settings.modules), settings.weights_dir, settings.engine)
    references = References(settings.reference_roots, settings.limits)
    images = ImageCache(lambda name: references.read(name) if is_reference(name) else store.image(name), is_far=is_far)
    return Runtime(
        settings=settings,
        name=name,
        client=client,
        store=store,
        presence=Presence(client),
        sessions=sessions,
        images=images,
        stages=StageRunner(
            store,
            images,
            sessions.service,
            name,
            settings.jobs.stage_deadline_s,
            # On a CPU a batch of photos costs a sixth more than the photos one by one, which stay in its cache.
            slice_pixels=1 if settings.device == "cpu" else GROUP_PIXELS,
        ),
    )
