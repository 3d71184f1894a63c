"""The stores of jobs, batches and workers on a Redis-compatible server."""
