"""The names of the keys, all in one place."""

PREFIX = "faceline:"
ACTIVE = PREFIX + "active"
"""Sorted set: unfinished jobs by the time at which they count as stalled."""
RECENT = PREFIX + "recent"
"""Sorted set: jobs by the time of their creation."""
FINISHED = PREFIX + "finished"
"""Stream: the ids of jobs as they end."""
DEAD_LETTERS = PREFIX + "dead"
"""Stream: jobs that were given up because their stage killed its worker again and again."""
BATCHES = PREFIX + "batches"
"""Sorted set: batches by the time of their creation."""
OPEN_BATCHES = PREFIX + "batches:open"
"""Set: batches that nobody has seen over yet."""
WORKERS = PREFIX + "workers"
"""Hash: what each worker last said of itself."""


def record(job_id: str) -> str:
    """Hash: the state of a job."""
    return f"{PREFIX}job:{job_id}"


def given(job_id: str) -> str:
    """What the caller sent with a job, but for the image."""
    return f"{PREFIX}given:{job_id}"


def chunk(job_id: str) -> str:
    """How far the samples of a job have come."""
    return f"{PREFIX}chunk:{job_id}"


def result(job_id: str) -> str:
    """What a job has come to."""
    return f"{PREFIX}result:{job_id}"


def blob(name: str) -> str:
    """An encoded image."""
    return f"{PREFIX}blob:{name}"


def batch(batch_id: str) -> str:
    """Hash: what is known of a batch beside its jobs."""
    return f"{PREFIX}batch:{batch_id}"


def parts(batch_id: str) -> str:
    """List: the jobs of a batch, in the order of their samples."""
    return f"{PREFIX}parts:{batch_id}"


def refusals(batch_id: str) -> str:
    """List: the requests of a batch that no job was made of."""
    return f"{PREFIX}refusals:{batch_id}"


def idempotency(kind: str, key: str) -> str:
    """What an idempotency key stands for among things of a kind."""
    return f"{PREFIX}idempotency:{kind}:{key}"


def check(check_id: str) -> str:
    """A worker's answer to a self-check."""
    return f"{PREFIX}check:{check_id}"
