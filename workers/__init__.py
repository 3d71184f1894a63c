"""Messages in, messages out: the Celery worker, its tasks, and what a task does with a stage of a job."""
