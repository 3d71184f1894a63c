"""What the processes measure of themselves, for Prometheus: the metrics, their page in the docs, and their server."""
