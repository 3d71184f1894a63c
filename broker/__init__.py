"""Jobs in, messages out: the Celery app, the queues of the families, and the chain of a job."""
