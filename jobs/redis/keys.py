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
"""Hash: the last report of each live worker."""
LIVE_WORKERS = PREFIX + "workers:live"
"""Sorted set: the live workers by the time of their last report, by the clock of the server."""
GONE_WORKERS = PREFIX + "workers:gone"
"""Set: workers that are gone, and whose messages may not be back in their queues yet."""
JUDGE_WORKERS_FROM = PREFIX + "workers:judge-from"
"""The time before which no worker counts as gone, since the server did not answer for a while."""
UNREADABLE = PREFIX + "unreadable"
"""List: jobs that the reaper has set aside, since their records cannot be read."""
DUE = PREFIX + "webhooks:due"
"""Sorted set: the jobs and batches whose webhooks are to be looked at, by the time, as `job ID` or `batch ID`."""
FAILING = PREFIX + "failing"
"""The processes of an embedded stack that die again and again."""


def recent_of(owner: str | None) -> str:
    """Sorted set: the jobs of an owner by the time of their creation; without an owner, `RECENT`."""
    return RECENT if owner is None else f"{PREFIX}recent-of:{owner}"


def batches_of(owner: str | None) -> str:
    """Sorted set: the batches of an owner by the time of their creation; without an owner, `BATCHES`."""
    return BATCHES if owner is None else f"{PREFIX}batches-of:{owner}"


def account_of(owner: str | None, priority: str) -> list[str]:
    """The account of an owner, without an owner three empty names; see `lua/account.lua`.

    The sorted set of its unfinished jobs of a priority, the sorted set of its jobs, and the hash of their bytes.
    """
    if owner is None:
        return ["", "", ""]
    return [unfinished_of(owner, priority), f"{PREFIX}kept-of:{owner}", f"{PREFIX}bytes-of:{owner}"]


def unfinished_of(owner: str, priority: str) -> str:
    """Sorted set: the jobs of an owner that are not over, by the time at which their data are deleted."""
    return f"{PREFIX}unfinished-of:{owner}:{priority}"


def window(name: str, owner: str | None) -> str:
    """Hash: how many photos an owner, or the deployment, has sent in a window of time."""
    return f"{PREFIX}window:{name}" if owner is None else f"{PREFIX}window-of:{owner}:{name}"


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


def webhook(own_id: str) -> str:
    """The webhook of a job or batch, until its delivery is over."""
    return f"{PREFIX}webhook:{own_id}"


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
