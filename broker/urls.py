"""How Celery spells the address of a server."""


def celery_url(url: str) -> str:
    """The address for Celery, which spells a Unix socket in its own way."""
    return url.replace("unix://", "redis+socket://", 1)
