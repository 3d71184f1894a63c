"""Plans in, messages out: the queues of the families and the Celery chain of a plan."""
