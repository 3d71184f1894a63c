"""Traces: the steps of a request through the API, the queues, the workers and the models, for OpenTelemetry."""
