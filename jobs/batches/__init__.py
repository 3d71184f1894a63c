"""Batches: many samples that come in one request."""
