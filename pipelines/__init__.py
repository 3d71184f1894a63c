"""Samples in, samples out: the canonical sample, its dialects, plans, and running services on it."""
