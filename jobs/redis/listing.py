"""Lists by time, read page by page."""

from jobs.job import Place
from jobs.redis.connection import Client


def latest(client: Client, key: str, limit: int, after: Place | None) -> list[Place]:
    """The members of a sorted set that follow a place, the latest first; fewer than `limit` at the end."""
    rank = client.zrevrank(key, after.job_id) if after else -1
    if after and rank is None:  # it was erased meanwhile
        found = client.zrevrangebyscore(key, f"({after.created_at}", "-inf", start=0, num=limit, withscores=True)
    else:
        found = client.zrevrange(key, rank + 1, rank + limit, withscores=True)
    return [Place(created_at, member.decode()) for member, created_at in found]
