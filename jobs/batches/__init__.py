"""Batches: many requests that come in one HTTP request."""
