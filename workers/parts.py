"""`build_parts`: builds the store, the loaded models, image cache and stage runner of a worker process."""

import os
import socket
from dataclasses import dataclass
from secrets import token_hex

import pipelines.tables.columns  # noqa: F401 - an output without columns of its own stops the process
from config.settings import Settings
from jobs.redis.connection import Patience, connect, connect_patiently
from jobs.redis.encryption import Encryption
from jobs.redis.jobs import RedisJobStore
from jobs.redis.presence import Presence
from models.catalogue import services
from models.runtime.loaded import LoadedModels
from pipelines.load import GROUP_PIXELS
from workers.images import ImageCache
from workers.references import References, is_far, is_reference
from workers.stage import StageRunner

REPORT_PATIENCE_S = 2.0
"""How long a worker waits for the store when it reports itself: the next report follows soon."""


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """The objects that all threads of a worker share.

    Attributes:
        settings: of the deployment.
        name: of this worker: host, process id, and a random part, since containers have the same process ids each time.
        store: holds the jobs.
        patience: of the calls of `store`.
        presence: where workers report that they are alive.
        models: the loaded models and the services on them.
        images: caches decoded images.
        stages: runs the stages of jobs.
    """

    settings: Settings
    name: str
    store: RedisJobStore
    patience: Patience
    presence: Presence
    models: LoadedModels
    images: ImageCache
    stages: StageRunner


def build_parts(settings: Settings) -> WorkerParts:
    """Build the parts of a worker; no model is loaded and no connection is made yet.

    Raises:
        InvalidSetting: a key for encryption is not one.
    """
    name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
    # As long as no other worker gets the message. Also while the store is full: jobs that end make room.
    patience = Patience(settings.jobs.visibility_timeout_s, waits_for_room=True)
    client = connect_patiently(settings.redis_url, patience)
    store = RedisJobStore(client, settings.jobs, Encryption.of(settings.secrets))
    presence = Presence(connect(settings.redis_url, patience_s=REPORT_PATIENCE_S))
    models = LoadedModels(services(settings.modules), settings.weights_dir, settings.engine, settings.options)
    references = References(settings.reference_roots, settings.limits)

    def fetch(image: str) -> bytes | None:
        return references.read(image) if is_reference(image) else store.image(image)

    images = ImageCache(fetch, is_far=is_far)
    stages = StageRunner(
        store,
        images,
        models.service,
        name,
        settings.jobs.stage_deadline_s,
        # On a CPU a batch of photos costs a sixth more than the photos one by one, which fit into its cache.
        group_pixels=1 if settings.device == "cpu" else GROUP_PIXELS,
    )
    return WorkerParts(settings, name, store, patience, presence, models, images, stages)
