"""The embedded stack: store, worker and API in one tree of processes."""
