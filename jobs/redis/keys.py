"""The names of all keys on the server."""

PREFIX = "faceline:"
ACTIVE = PREFIX + "active"
"""Sorted set: jobs that are not over, by the time at which they count as stalled."""
RECENT = PREFIX + "recent"
"""Sorted set: jobs by the time of their creation."""
FINISHED = PREFIX + "finished"
"""Stream: the ids of jobs as they end."""
DEAD_LETTERS = PREFIX + "dead-letters"
"""Stream: jobs that were given up because a stage killed its worker again and again."""
BATCHES = PREFIX + "batches"
"""Sorted set: batches by the time of their creation."""
OPEN_BATCHES = PREFIX + "batches:open"
"""Set: batches that are not known to be over."""
WORKERS = PREFIX + "workers"
"""Hash: the last report of each worker."""


def record(job_id: str) -> str:
    """Hash: the state of a job."""
    return f"{PREFIX}job:{job_id}"


def sent(job_id: str) -> str:
    """What the caller sent with a job, without the images."""
    return f"{PREFIX}sent:{job_id}"


def chunk(job_id: str) -> str:
    """The items of a job between its stages."""
    return f"{PREFIX}chunk:{job_id}"


def result(job_id: str) -> str:
    """The result of a job."""
    return f"{PREFIX}result:{job_id}"


def blob(name: str) -> str:
    """An encoded image."""
    return f"{PREFIX}blob:{name}"


def batch(batch_id: str) -> str:
    """Hash: the state of a batch, without its jobs."""
    return f"{PREFIX}batch:{batch_id}"


def batch_jobs(batch_id: str) -> str:
    """List: the jobs of a batch, in the order of its requests."""
    return f"{PREFIX}batch-jobs:{batch_id}"


def refusals(batch_id: str) -> str:
    """List: the requests of a batch that no job was made of."""
    return f"{PREFIX}refusals:{batch_id}"


def idempotency(kind: str, key: str) -> str:
    """The id and the fingerprint that an idempotency key is bound to, for jobs or for batches."""
    return f"{PREFIX}idempotency:{kind}:{key}"


def check(check_id: str) -> str:
    """A worker's answer to a self-check."""
    return f"{PREFIX}check:{check_id}"
