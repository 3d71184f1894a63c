"""`RedisJobStore`: keeps jobs and images on a Redis-compatible server. `FinishedStream`: reads ids of ended jobs."""

import json
from collections.abc import Sequence
from uuid import uuid4

from pydantic import BaseModel

from config.settings import JobSettings
from jobs.cursor import Cursor
from jobs.job import Ending, Job, JobData, JobSpec, JobStatus, NewJob, Priority, RequestPosition, blob_names
from jobs.progress import Progress
from jobs.redis import keys
from jobs.redis.client import Client, Value
from jobs.redis.clock import StoreClock
from jobs.redis.connection import storage
from jobs.redis.dead_letters import DeadLetter, DeadLetters
from jobs.redis.encryption import PLAIN, Encryption
from jobs.redis.idempotency import RedisIdempotencyKeys, read_binding
from jobs.redis.records import read_job, read_page, readable, readable_job
from jobs.redis.scripts import load_script
from jobs.store import ClaimOutcome, StageClaim
from jobs.terms import NO_TERMS, Created, Left, PhotoLimit, Terms, TermsNotMet
from pipelines.chunk import Chunk

TOMBSTONE_S = 3600
"""How long the store keeps the record of a job after its data are deleted."""
MOST_IMAGES = 256
"""The most images of a job: the bound of `--chunk` of `faceline bulk`, and of `BatchSettings.chunk`."""


class RedisJobStore:
    """An implementation of `JobStore`. Thread-safe.

    Args:
        client: of the server.
        settings: of jobs.
        encryption: of images, samples and results.
    """

    def __init__(self, client: Client, settings: JobSettings, encryption: Encryption = PLAIN) -> None:
        self._redis = client
        self._encryption = encryption
        self._settings = settings
        self._clock = StoreClock(client)
        self._dead_letters = DeadLetters(client)
        self.idempotency_keys = RedisIdempotencyKeys(client, "job")
        self._create = load_script(client, "create_job", "account", "windows")
        self._give_back = load_script(client, "give_back", "windows")
        self._confirm_sent = load_script(client, "confirm_sent")
        self._claim_stage = load_script(client, "claim_stage")
        self._report_progress = load_script(client, "report_progress")
        self._complete_stage = load_script(client, "complete_stage")
        self._finish = load_script(client, "finish_job", "account")
        self._cancel = load_script(client, "cancel_job")
        self._try_item = load_script(client, "try_item")
        self._leave_account = load_script(client, "leave_account", "account")
        self._erase = load_script(client, "erase_job", "account", "erase")
        self._take = load_script(client, "take_job", "account", "erase")

    def now(self) -> float:
        """See `JobStore.now`."""
        return self._clock.now()

    def create(self, job: NewJob, terms: Terms = NO_TERMS) -> Created:
        """See `JobStore.create`."""
        spec = job.spec
        life_s = spec.deadline_s + spec.ttl_s
        requests = [(request.custom_id, request.line) for request in job.requests]
        sent = {"sent_samples": job.sent_samples, "metadata": job.metadata, "requests": requests}
        data: dict[str, str | bytes] = {keys.sent(spec.id): json.dumps(sent), keys.chunk(spec.id): _dump(job.chunk)}
        data |= dict(zip(map(keys.blob, spec.blobs), job.images, strict=True))
        if job.webhook is not None:
            data[keys.webhook(spec.id)] = job.webhook.model_dump_json()
        data = {name: self._encryption.encrypt(name, value) for name, value in data.items()}
        listed_at = spec.created_at if spec.group is None else ""
        times = [listed_at, self.now() + self._settings.stalled_after_s, spec.created_at - self._settings.max_life_s]
        arguments: list[Value] = [spec.id, spec.model_dump_json(), life_s, life_s + TOMBSTONE_S, *times]
        arguments += [spec.deadline_s, job.fingerprint, len(job.chunk.items)]
        touched = [keys.record(spec.id), keys.ACTIVE, keys.RECENT, keys.recent_of(spec.owner), _binding_key(spec)]
        touched += keys.account_of(spec.owner, spec.priority)
        term_keys, term_arguments = _terms(spec.owner, terms)
        touched += [*term_keys, *data]
        arguments += [*term_arguments, *data.values()]
        with storage():
            bound, broken, wait_ms, *ints = self._create(keys=touched, args=arguments)
        left = tuple(Left(photos, ends_ms / 1000) for photos, ends_ms in zip(ints[::2], ints[1::2], strict=True))
        if broken:
            raise TermsNotMet(broken, wait_ms / 1000, left)
        return Created(*read_binding(bound), left) if bound else Created(spec.id, left=left)

    def give_back(self, limits: Sequence[PhotoLimit], photos: int) -> None:
        """See `JobStore.give_back`."""
        with storage():
            self._give_back(keys=[limit.key for limit in limits], args=[photos, *(limit.seconds for limit in limits)])

    def confirm_sent(self, job_id: str) -> bool:
        """See `JobStore.confirm_sent`."""
        with storage():
            return bool(self._confirm_sent(keys=[keys.record(job_id)]))

    def withdraw(self, spec: JobSpec) -> None:
        """See `JobStore.withdraw`."""
        self._delete(spec, tombstone_s=0, only_unsent=True)

    def find(self, job_id: str) -> Job | None:
        """See `JobStore.find`."""
        with storage():
            record = self._redis.hgetall(keys.record(job_id))
        return read_job(job_id, record, self.now()) if record else None

    def data(self, job_id: str) -> JobData | None:
        """See `JobStore.data`."""
        with storage():
            sent, result = self._redis.mget(*_data_keys(job_id))
        return self._read_data(job_id, sent, result)

    def find_with_data(self, job_id: str) -> tuple[Job | None, JobData | None]:
        """See `JobStore.find_with_data`."""
        with storage(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.record(job_id))
            pipe.mget(*_data_keys(job_id))
            record, (sent, result) = pipe.execute()
        job = read_job(job_id, record, self.now()) if record else None
        return job, self._read_data(job_id, sent, result)

    def take(self, spec: JobSpec) -> tuple[Job | None, JobData | None]:
        """See `JobStore.take`."""
        with storage():
            flat, sent, result = self._take(keys=_erased_keys(spec), args=[spec.id])
        record = dict(zip(flat[::2], flat[1::2], strict=True))
        job = read_job(spec.id, record, self.now()) if record else None
        return job, self._read_data(spec.id, sent, result)

    def _read_data(self, job_id: str, sent: bytes | None, result: bytes | None) -> JobData | None:
        if sent is None:
            return None
        with readable("job", job_id):
            kept = json.loads(self._encryption.decrypt(keys.sent(job_id), sent))
            return JobData(
                sent_samples=kept["sent_samples"],
                metadata=kept["metadata"],
                requests=[RequestPosition(custom_id=name, line=line) for name, line in kept["requests"]],
                result=self._chunk(keys.result(job_id), result) if result else None,
            )

    def image(self, blob: str) -> bytes | None:
        """See `JobStore.image`."""
        with storage():
            image = self._redis.get(keys.blob(blob))
        return None if image is None else self._encryption.decrypt(keys.blob(blob), image)

    def claim_stage(self, job_id: str, stage: int, worker: str, now: float, *, alone: bool = False) -> StageClaim:
        """See `JobStore.claim_stage`."""
        touched = [keys.record(job_id), keys.ACTIVE, keys.chunk(job_id), keys.LIVE_WORKERS]
        claim_id, bounds = uuid4().hex, [self._settings.most_attempts, self._settings.most_item_deaths]
        times = [now, now + self._settings.stalled_after_s]
        arguments: list[Value] = [job_id, stage, worker, claim_id, int(alone), *bounds, *times]
        with storage():
            outcome, *rest = self._claim_stage(keys=touched, args=arguments)
        with readable("job", job_id):
            spec = JobSpec.model_validate_json(rest[0]) if rest else None
            if len(rest) < 2:
                return StageClaim(ClaimOutcome(outcome.decode()), spec)
            chunk = self._chunk(keys.chunk(job_id), rest[1])
            poisoned = tuple(int(index) for index in rest[2].split(b",") if index)
        return StageClaim(ClaimOutcome.GO, spec, chunk, claim_id, alone, poisoned)

    def try_item(self, spec: JobSpec, item: int, claim_id: str) -> bool:
        """See `JobStore.try_item`."""
        with storage():
            return bool(self._try_item(keys=[keys.record(spec.id)], args=[item, claim_id]))

    def report_progress(self, spec: JobSpec, progress: Progress, claim_id: str) -> bool:
        """See `JobStore.report_progress`."""
        with storage():
            return bool(self._report_progress(keys=[keys.record(spec.id)], args=[claim_id, *_pairs(progress)]))

    def complete_stage(self, spec: JobSpec, chunk: Chunk, progress: Progress, now: float, claim_id: str) -> bool:
        """See `JobStore.complete_stage`."""
        stalled_at = now + self._settings.stalled_after_s
        text = self._encryption.encrypt(keys.chunk(spec.id), _dump(chunk))
        arguments = [spec.id, chunk.done, stalled_at, text, claim_id, *_pairs(progress)]
        touched = [keys.record(spec.id), keys.ACTIVE, keys.chunk(spec.id)]
        with storage():
            return bool(self._complete_stage(keys=touched, args=arguments))

    def finish(self, spec: JobSpec, ending: Ending, progress: Progress, now: float, claim_id: str = "") -> bool:
        """See `JobStore.finish`."""
        touched = [keys.record(spec.id), keys.ACTIVE, keys.FINISHED]
        touched += [keys.chunk(spec.id), keys.result(spec.id), keys.sent(spec.id)]
        touched += [_binding_key(spec), keys.webhook(spec.id) if spec.webhook else "", keys.DUE]
        touched += keys.account_of(spec.owner, spec.priority)
        lives: list[Value] = [spec.ttl_s, spec.ttl_s + TOMBSTONE_S, int(spec.include_image)]
        result = self._encryption.encrypt(keys.result(spec.id), _dump(ending.result))
        outcome: list[Value] = [result, _dump(ending.failure), ending.failed_items, claim_id]
        arguments: list[Value] = [spec.id, ending.status.value, now, *lives, *outcome, *_pairs(progress)]
        with storage():
            return bool(self._finish(keys=[*touched, *map(keys.blob, spec.blobs)], args=arguments))

    def cancel(self, job_id: str, now: float) -> None:
        """See `JobStore.cancel`."""
        job = self.find(job_id)
        if job is None or job.status.over:
            return
        if job.status is JobStatus.QUEUED and self.finish(job.spec, Ending(JobStatus.CANCELED), {}, now):
            return
        with storage():
            self._cancel(keys=[keys.record(job_id)])

    def erase(self, spec: JobSpec, *, tombstone: bool) -> None:
        """See `JobStore.erase`."""
        self._delete(spec, tombstone_s=TOMBSTONE_S if tombstone else 0)

    def _delete(self, spec: JobSpec, *, tombstone_s: int, only_unsent: bool = False) -> None:
        with storage():
            deleted = self._erase(keys=_erased_keys(spec), args=[spec.id, tombstone_s, int(only_unsent)])
        if spec.idempotency_key is not None and (deleted or not only_unsent):
            self.idempotency_keys.expire(spec.idempotency_key, spec.id, 0)

    def listed(self, limit: int, owner: str | None) -> list[str]:
        """See `JobStore.listed`."""
        with storage():
            return [job_id.decode() for job_id in self._redis.zrange(keys.recent_of(owner), 0, limit - 1)]

    def lists(self, job_id: str, owner: str) -> bool:
        """See `JobStore.lists`."""
        with storage():
            return self._redis.zscore(keys.recent_of(owner), job_id) is not None

    def erase_unreadable(self, job_id: str, owner: str | None = None) -> None:
        """See `JobStore.erase_unreadable`."""
        data = [keys.record(job_id), keys.sent(job_id), keys.chunk(job_id), keys.result(job_id), keys.webhook(job_id)]
        images = [keys.blob(name) for name in blob_names(job_id, MOST_IMAGES)]
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(*data, *images)
            pipe.zrem(keys.ACTIVE, job_id)
            for listed_in in {keys.RECENT, keys.recent_of(owner)}:
                pipe.zrem(listed_in, job_id)
            pipe.execute()
        if owner is not None:
            accounts = [keys.account_of(owner, priority) for priority in Priority]
            with storage():
                self._leave_account(keys=[*accounts[0][1:], *(account[0] for account in accounts)], args=[job_id])

    def dead_letter(self, spec: JobSpec, stage: int, items: Sequence[int], now: float) -> None:
        """See `JobStore.dead_letter`."""
        attempts = self._settings.most_item_deaths if items else self._settings.most_attempts
        letter = DeadLetter(spec.id, stage, spec.stages[stage].services, tuple(items), attempts, now)
        self._dead_letters.add(letter)

    def recent(self, limit: int, after: Cursor | None, owner: str | None = None) -> tuple[list[Job], Cursor | None]:
        """See `JobStore.recent`."""
        with storage():
            listed = read_page(self._redis, keys.recent_of(owner), limit, after)
            with self._redis.pipeline(transaction=False) as pipe:
                for cursor in listed:
                    pipe.hgetall(keys.record(cursor.id))
                records = pipe.execute()
        last = listed[-1] if len(listed) == limit else None
        now = self.now()
        found = (readable_job(cursor.id, record, now) for cursor, record in zip(listed, records, strict=True))
        return [job for job in found if job], last

    def stalled(self, now: float, limit: int) -> list[str]:
        """See `JobStore.stalled`."""
        with storage():
            listed = self._redis.zrangebyscore(keys.ACTIVE, "-inf", now, start=0, num=limit)
        return [job_id.decode() for job_id in listed]

    def forget(self, job_id: str) -> None:
        """See `JobStore.forget`."""
        with storage():
            self._redis.zrem(keys.ACTIVE, job_id)

    def set_aside(self, job_id: str) -> None:
        """See `JobStore.set_aside`."""
        with storage(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.ACTIVE, job_id)
            pipe.lpush(keys.UNREADABLE, job_id)
            pipe.ltrim(keys.UNREADABLE, 0, 999)
            pipe.execute()

    def postpone(self, job_id: str, until: float) -> None:
        """See `JobStore.postpone`."""
        with storage():
            self._redis.zadd(keys.ACTIVE, {job_id: until}, xx=True)

    def _chunk(self, name: str, stored: bytes) -> Chunk:
        return Chunk.model_validate_json(self._encryption.decrypt(name, stored))

    def memory_share(self) -> float:
        """How full the store is, in [0, 1]; 0 if it has no limit."""
        used, limit = self.memory()
        return used / limit if limit else 0.0

    def memory(self) -> tuple[int, int]:
        """The bytes of memory that the store uses, and the most that it may use; 0 is no limit."""
        with storage():
            memory = self._redis.info("memory")
        return memory["used_memory"], memory.get("maxmemory", 0)

    def open_jobs(self) -> int:
        """How many jobs are not over."""
        with storage():
            return self._redis.zcard(keys.ACTIVE)


class FinishedStream:
    """The stream of finished jobs: an implementation of `FinishedJobs`. For one thread."""

    def __init__(self, client: Client) -> None:
        self._redis = client
        self._last = "0"

    def seek_end(self) -> None:
        """See `FinishedJobs.seek_end`."""
        with storage():
            newest = self._redis.xrevrange(keys.FINISHED, count=1)
        self._last = newest[0][0].decode() if newest else "0"

    def read(self, wait_s: float) -> list[str]:
        """See `FinishedJobs.read`; after a `StorageError` the next read continues where this one began."""
        with storage():
            answer = self._redis.xread({keys.FINISHED: self._last}, block=int(wait_s * 1000))
        entries = answer[0][1] if answer else []
        if entries:
            self._last = entries[-1][0].decode()
        return [fields[b"job"].decode() for _, fields in entries]


def _data_keys(job_id: str) -> tuple[str, str]:
    """The keys of what came with a job, and of its result."""
    return keys.sent(job_id), keys.result(job_id)


def _erased_keys(spec: JobSpec) -> list[str]:
    """The keys of `erase.lua`."""
    touched = [keys.record(spec.id), keys.ACTIVE, keys.RECENT, keys.recent_of(spec.owner), keys.FINISHED]
    touched += keys.account_of(spec.owner, spec.priority)
    data = [*_data_keys(spec.id), keys.chunk(spec.id), keys.webhook(spec.id)]
    return [*touched, *data, *map(keys.blob, spec.blobs)]


def _binding_key(spec: JobSpec) -> str:
    return keys.idempotency("job", spec.idempotency_key) if spec.idempotency_key is not None else ""


def _terms(owner: str | None, terms: Terms) -> tuple[list[str], list[Value]]:
    """The keys and the arguments of `create_job.lua` that say the terms; only an owner has bounds and a share."""
    sets = [] if owner is None or terms.jobs is None else [keys.unfinished_of(owner, each) for each in Priority]
    bounds: list[Value] = ["" if bound is None else bound for bound in (terms.jobs, terms.bytes)]
    share: list[Value] = ["", ""]
    arguments: list[Value] = [len(sets), len(terms.limits), *bounds]
    if owner is not None and terms.share is not None:
        sets.append(keys.unfinished_of(owner, terms.share.priority))
        share = [terms.share.jobs, int(terms.share.used)]
    lengths = [part for limit in terms.limits for part in (limit.seconds, limit.photos)]
    return [*sets, *(limit.key for limit in terms.limits)], [*arguments, *share, *lengths]


def _pairs(progress: Progress) -> list[Value]:
    return [
        part for index, service in progress.items() for part in (index, service.model_dump_json(exclude_defaults=True))
    ]


def _dump(model: BaseModel | None) -> str:
    return model.model_dump_json(exclude_defaults=True) if model else ""
