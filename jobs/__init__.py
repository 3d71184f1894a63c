"""Requests in, jobs and results out; without HTTP and without Celery."""
