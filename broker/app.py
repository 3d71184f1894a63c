"""The Celery app: the API sends through it, workers add their tasks to it."""

from celery import Celery

app = Celery("faceline")
app.config_from_object("celeryconfig")
