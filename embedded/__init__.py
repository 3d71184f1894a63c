"""The embedded stack: store, workers, API and the sender of webhooks in one tree of processes."""
