"""The routes under `/jobs`."""
