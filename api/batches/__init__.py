"""The routes under `/batches`."""
